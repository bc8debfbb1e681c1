import { existsSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { createReadyFile } from '../../worker/ready-file';
import { runWorkers } from '../../worker/run-workers';
import { createScratchDirectory } from '../environment/scratch-directory';

/** A worker that runs until it is shut down, or dies when told to. */
function fakeWorker() {
  let state: 'INITIALIZED' | 'RUNNING' | 'DRAINING' | 'STOPPED' | 'FAILED' = 'INITIALIZED';
  let end = () => {};
  let die: (error: Error) => void = () => {};
  let shutdowns = 0;
  return {
    getState: () => state,
    get shutdowns() {
      return shutdowns;
    },
    run: () => {
      state = 'RUNNING';
      return new Promise<void>((resolve, reject) => {
        end = () => {
          state = 'STOPPED';
          resolve();
        };
        die = (error) => {
          state = 'FAILED';
          reject(error);
        };
      });
    },
    shutdown: () => {
      if (state !== 'RUNNING') throw new Error('Not running');
      state = 'DRAINING';
      shutdowns += 1;
      setImmediate(end);
    },
    die: (error: Error) => die(error),
  };
}

describe('running the workers', () => {
  it('says so when all of them run, and drains each once when told to stop, however often', async () => {
    const workers = [fakeWorker(), fakeWorker()];
    const stop = new AbortController();
    const onRunning = jest.fn();
    const running = runWorkers({ workers, stop: stop.signal, onRunning });
    expect(onRunning).toHaveBeenCalledTimes(1);
    stop.abort();
    stop.abort();
    await running;
    expect(workers.map((worker) => [worker.shutdowns, worker.getState()])).toEqual([
      [1, 'STOPPED'],
      [1, 'STOPPED'],
    ]);
  });

  it('drains the others and rejects when one dies', async () => {
    const [dying, other] = [fakeWorker(), fakeWorker()];
    const running = runWorkers({
      workers: [dying, other],
      stop: new AbortController().signal,
      onRunning: () => {},
    });
    dying.die(new Error('lost the server'));
    await expect(running).rejects.toThrow('lost the server');
    expect(other.getState()).toBe('STOPPED');
  });

  it('drains at once when it was told to stop before', async () => {
    const worker = fakeWorker();
    await runWorkers({ workers: [worker], stop: AbortSignal.abort(), onRunning: () => {} });
    expect(worker.getState()).toBe('STOPPED');
  });
});

describe('the ready file', () => {
  it('is touched while the event loop turns, until it is removed', () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    const scratch = createScratchDirectory();
    const file = path.join(scratch.path, 'host-4711.json');
    const ready = createReadyFile(file, { pid: 4711, identity: null, data_layout: 2 });
    ready.write();
    utimesSync(file, 1, 1);
    jest.advanceTimersByTime(5_000);
    expect(statSync(file).mtimeMs).toBeGreaterThan(1_000);
    rmSync(file);
    jest.advanceTimersByTime(5_000);
    ready.remove();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
    scratch.remove();
  });

  it('names the process while it is there, and is gone afterwards', () => {
    const scratch = createScratchDirectory();
    const file = path.join(scratch.path, 'run', 'ready-workers', 'host-4711.json');
    const worker = { pid: 4711, identity: 'boot:1', data_layout: 2 };
    const ready = createReadyFile(file, worker);
    ready.write();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(worker);
    ready.remove();
    ready.remove();
    expect(existsSync(file)).toBe(false);
    scratch.remove();
  });
});
