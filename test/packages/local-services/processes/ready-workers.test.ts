import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processHost } from '../../../../packages/durable-files';
import { processIdentity } from '../../../../packages/durable-files/process-identity';
import {
  answeringWorkers,
  readyWorkerFile,
  readyWorkers,
  removeDeadWorkers,
} from '../../../../packages/local-services/processes/ready-workers';
import { createScratchDirectory } from '../../../environment/scratch-directory';

describe('the workers that are ready', () => {
  const scratch = createScratchDirectory();
  const paths = { run: path.join(scratch.path, 'run') };
  const { pid } = process;
  const living = { pid, identity: processIdentity(pid) ?? null, data_layout: 2 };
  const write = (file: string, worker: object) => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(worker));
    return file;
  };

  afterAll(() => scratch.remove());

  it('are none where no worker ever was', () => {
    expect(readyWorkers(paths)).toEqual([]);
  });

  it('are those of this host that live; what killed ones left is removed, and nothing else', () => {
    const own = write(readyWorkerFile(paths, pid), living);
    const killed = write(readyWorkerFile(paths, 4_194_305), { ...living, pid: 4_194_305 });
    // Its pid belongs to another process now.
    const reused = write(readyWorkerFile(paths, 1), { ...living, pid: 1, identity: 'boot:0' });
    const elsewhere = write(path.join(path.dirname(own), `elsewhere-${pid}.json`), living);
    const asLong = 'z'.repeat(processHost().length);
    const likewise = write(path.join(path.dirname(own), `${asLong}-4194305.json`), {
      ...living,
      pid: 4_194_305,
    });
    const alike = write(readyWorkerFile(paths, pid).replace(`-${pid}.`, '-2-4194305.'), {
      ...living,
      pid: 4_194_305,
    });
    expect(readyWorkers(paths)).toEqual([living]);

    removeDeadWorkers(paths);
    const files = { own, killed, reused, elsewhere, likewise, alike };
    const left = Object.entries(files).filter(([, file]) => existsSync(file));
    expect(left.map(([name]) => name)).toEqual(['own', 'elsewhere', 'likewise', 'alike']);
  });

  it('are told apart from one that lives and has not touched its file for long: it hangs', () => {
    const file = write(readyWorkerFile(paths, pid), living);
    const touchedAgo = (seconds: number) => {
      const at = Date.now() / 1_000 - seconds;
      utimesSync(file, at, at);
    };
    touchedAgo(20);
    expect(answeringWorkers(paths)).toEqual([living]);
    touchedAgo(40);
    expect(answeringWorkers(paths)).toEqual([]);
    expect(readyWorkers(paths)).toEqual([living]);
  });
});
