import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { ApiParent } from './api-parent';

const scratch = createScratchDirectory();
const parents: ApiParent[] = [];
afterAll(() => {
  for (const parent of parents) parent.kill();
  scratch.remove();
});

let folders = 0;
/** A folder of its own, which names the champion. */
function newFolder(): string {
  const folder = path.join(scratch.path, String((folders += 1)));
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'champion'), 'v001');
  return folder;
}

function launch(folder: string, port = 0): ApiParent {
  const parent = new ApiParent(folder, port);
  parents.push(parent);
  return parent;
}

const loggedIds = (folder: string) =>
  readFileSync(path.join(folder, 'logged'), 'utf8').trimEnd().split('\n');

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('two API processes on one port', () => {
  const folder = newFolder();
  const answered: string[] = [];
  let api: ApiParent;

  beforeAll(async () => {
    api = launch(folder);
    await api.untilAllServe();
  });

  const predict = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) answered.push(await api.predict());
  };

  it('both answer, and whichever is asked shows the metrics of both', async () => {
    await predict(20);
    const pids = new Set<number>();
    for (let asked = 0; asked < 4; asked += 1) {
      const { pid } = await api.ask<{ pid: number }>('GET', '/drift');
      pids.add(pid);
    }
    expect(pids).toEqual(new Set(api.serving()));
    for (let asked = 0; asked < 4; asked += 1) {
      expect(await api.metric('churn_predictions_total{model_version="v001"}')).toBe(20);
      expect(await api.metric('churn_api_processes')).toBe(2);
      expect(await api.metric('churn_serving_model_info{model_version="v001"}')).toBe(1);
      expect(await api.metric('churn_prediction_log_spool_up')).toBe(1);
      expect(await api.metric('churn_api_process_restarts_total')).toBe(0);
    }
    const { parts } = await api.health();
    expect(parts.api).toEqual({ status: 'up', processes: 2, serving: 2, restarts: 0 });
  });

  it('both serve the new champion when a promotion is answered', async () => {
    for (const version of ['v002', 'v003', 'v004']) {
      await api.ask('POST', `/models/${version}/promote`, { from: 'v001', reason: 'a test' });
      // Two by each process. More at once could be one connection too many.
      for (let asked = 0; asked < 4; asked += 1) {
        expect(await api.ask('GET', '/model/version')).toMatchObject({ model_version: version });
      }
    }
  });

  it('each keeps predictions in files of its own, and either says how many wait', async () => {
    writeFileSync(path.join(folder, 'database-away'), '');
    const ownersOfFiles = () =>
      new Set(
        readdirSync(path.join(folder, 'predictions-spool'))
          .filter((name) => name.endsWith('.jsonl'))
          .map((name) => name.split('.')[3]),
      );
    await predict(10);
    let spooled = 10;
    // A process that is busy for a moment is given no connection, so that the other may get all ten.
    await api.until(async () => {
      if (ownersOfFiles().size === 2) return true;
      await predict(1);
      spooled += 1;
      return false;
    });
    await api.until(async () => (await api.health()).parts.prediction_log.spooled === spooled);
    expect(ownersOfFiles()).toEqual(new Set(api.serving().map(String)));
    expect(await api.metric('churn_prediction_log_spooled_total')).toBe(spooled);
    rmSync(path.join(folder, 'database-away'));
    await api.until(async () => (await api.health()).parts.prediction_log.pending === 0);
    expect(loggedIds(folder).toSorted()).toEqual(answered.toSorted());
  });

  it('no more connections are open than one process would take', async () => {
    const sockets: Socket[] = [];
    for (let count = 0; count < 12; count += 1) sockets.push(await api.beginRequest());
    const isOpen = (socket: Socket) => !socket.destroyed;
    await api.until(() => sockets.filter(isOpen).length <= 4);
    // Answered by a process that has not lost a connection since.
    for (const socket of sockets.filter(isOpen)) socket.write('{"user_id":"u1"}');
    for (const socket of sockets.filter(isOpen)) await once(socket, 'data');
    expect(sockets.filter(isOpen)).toHaveLength(4);
    for (const socket of sockets) socket.destroy();
    // Each process notices at its next turn that they are gone.
    await api.until(() => api.predict().then(Boolean, () => false));
    answered.push(...loggedIds(folder).filter((id) => !answered.includes(id)));
  });

  it('one that is killed is started again, while the other serves, and no counter goes back', async () => {
    const total = 'churn_prediction_log_spooled_total';
    const before = { requests: await api.requests(), spooled: await api.metric(total) };
    const [victim] = api.serving();
    process.kill(victim!, 'SIGKILL');
    const ended = 'an API process has ended and is started again';
    // Those whose connections the killed one had are told so at once, and do not wait for ever.
    const isAnswered = () =>
      api.predict().then(
        (id) => answered.push(id) > 0,
        () => false,
      );
    await api.until(async () => (await isAnswered()) && api.logged(ended).length === 1);
    await api.until(async () => {
      await predict(1);
      expect(await api.requests()).toBeGreaterThanOrEqual(before.requests);
      expect(await api.metric(total)).toBeGreaterThanOrEqual(before.spooled);
      const { restarts, serving } = (await api.health()).parts.api;
      return restarts === 1 && serving === 2;
    });
    expect(await api.metric('churn_api_process_restarts_total')).toBe(1);
    expect(api.logged(ended)).toMatchObject([{ pid: victim, endedBy: 'SIGKILL' }]);
  });

  it('one that hangs does not count as serving, and another takes its place', async () => {
    const [victim] = api.serving().filter(isAlive);
    const { restarts } = (await api.health()).parts.api;
    process.kill(victim!, 'SIGSTOP');
    // The one that hangs is given one of these connections, which closes when that is ended.
    const asked = [api.health(), api.health()].map((answer) => answer.catch(() => undefined));
    let isShown = false;
    await api.until(async () => {
      const now = (await api.health()).parts.api;
      isShown ||= now.restarts === restarts && now.serving === 1;
      return now.restarts === restarts + 1 && now.serving === 2;
    });
    await Promise.all(asked);
    expect(isShown).toBe(true);
    expect(api.logged('an API process hangs and is ended')).toMatchObject([{ pid: victim }]);
  });

  it('end in order at SIGTERM: requests under way are answered, all is logged, the port is free', async () => {
    const children = api.serving().filter(isAlive);
    expect(children).toHaveLength(2);
    const requests = [await api.beginRequest(), await api.beginRequest()];
    const answers = requests.map((socket) => once(socket, 'data'));
    const ended = api.end('SIGTERM');
    for (const socket of requests) socket.write('{"user_id":"u1"}');
    for (const [answer] of await Promise.all(answers)) {
      expect(String(answer)).toMatch(/^HTTP\/1\.1 200/);
      answered.push(/"prediction_id":"([^"]+)"/.exec(String(answer))![1]!);
    }
    expect(await ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(children.filter(isAlive)).toEqual([]);
    expect(loggedIds(folder)).toEqual(expect.arrayContaining(answered));
    const server = createServer().listen(api.port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  });
});

describe('the parent of API processes', () => {
  it('ends with the error of a process that can not start, said once', async () => {
    const folder = newFolder();
    writeFileSync(path.join(folder, 'broken'), '');
    const api = launch(folder);
    expect(await api.ended).toEqual({ code: 1, signal: null });
    expect(api.stderr).toBe('nothing starts here\n');
  });

  it('ends when its port is in use, saying so once', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const api = launch(newFolder(), (server.address() as AddressInfo).port);
    expect(await api.ended).toEqual({ code: 1, signal: null });
    expect(api.stderr.match(/EADDRINUSE/g)).toHaveLength(1);
    server.close();
  });

  it('ends when none serves any more and none can be started', async () => {
    const folder = newFolder();
    const api = launch(folder);
    await api.untilAllServe();
    writeFileSync(path.join(folder, 'broken'), '');
    for (const pid of api.serving()) process.kill(pid, 'SIGKILL');
    expect(await api.ended).toEqual({ code: 1, signal: null });
    expect(api.stderr).toContain('nothing starts here');
  });

  it('leaves no process behind when it is killed, and no prediction unlogged', async () => {
    const folder = newFolder();
    writeFileSync(path.join(folder, 'logs-at-its-end'), '');
    const api = launch(folder);
    await api.untilAllServe();
    const answered = [await api.predict(), await api.predict()];
    const children = api.serving();
    await api.end('SIGKILL');
    await api.until(() => !children.some(isAlive));
    expect(loggedIds(folder).toSorted()).toEqual(answered.toSorted());
  });
});
