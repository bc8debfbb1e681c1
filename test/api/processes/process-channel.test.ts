import {
  ProcessChannel,
  type ProcessMessage,
  type ProcessSubject,
} from '../../../api/processes/process-channel';

type Respond = (subject: ProcessSubject) => Promise<unknown>;

/** A channel whose other end answers as given. */
function channelTo(respond: Respond, timeoutMs = 60_000): ProcessChannel {
  const other: ProcessChannel = new ProcessChannel({
    send: (message) => near.receive(message),
    respond,
    timeoutMs,
  });
  const near: ProcessChannel = new ProcessChannel({
    send: (message) => other.receive(message),
    respond: () => Promise.reject(new Error('nobody asks')),
    timeoutMs,
  });
  return near;
}

describe('a channel between two processes', () => {
  it('brings each answer to its question, in whichever order they come', async () => {
    const waiting = new Map<ProcessSubject, () => void>();
    const channel = channelTo((subject) => {
      return new Promise((resolve) => waiting.set(subject, () => resolve(`of ${subject}`)));
    });
    const answers = [channel.ask('metrics'), channel.ask('health')];
    waiting.get('health')!();
    waiting.get('metrics')!();
    expect(await Promise.all(answers)).toEqual(['of metrics', 'of health']);
  });

  it('says that the other process has failed to answer', async () => {
    const channel = channelTo(() => Promise.reject(new Error('no metrics')));
    await expect(channel.ask('metrics')).rejects.toThrow('no metrics');
  });

  it('waits for an answer no longer than it may', async () => {
    const channel = channelTo(() => new Promise(() => {}), 1);
    await expect(channel.ask('metrics')).rejects.toThrow('does not answer');
  });

  it('leaves alone what is no question and no answer to one of its own', () => {
    const sent: ProcessMessage[] = [];
    const channel = new ProcessChannel({
      send: (message) => void sent.push(message),
      respond: async () => 1,
      timeoutMs: 1,
    });
    channel.receive({ kind: 'listen' });
    channel.receive({ kind: 'answer', id: 7, answer: 1 });
    expect(sent).toEqual([]);
  });
});
