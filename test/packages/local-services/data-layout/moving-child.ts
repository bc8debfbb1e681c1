import { promises } from 'node:fs';
import { openForWriting } from '../../../../packages/local-services/data-layout/open-for-writing';

/** Opens a data directory for writing and kills itself after the call of that number on its files. */
const [dataDir, callsMax] = process.argv.slice(2) as [string, string];

let calls = 0;

for (const name of ['link', 'mkdir', 'rename', 'rm', 'rmdir'] as const) {
  const call = promises[name] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(promises, {
    [name]: async (...args: unknown[]) => {
      const result = await call(...args);
      calls += 1;
      if (calls === Number(callsMax)) process.kill(process.pid, 'SIGKILL');
      return result;
    },
  });
}

void openForWriting({ dataDir });
