import { closeSync, existsSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { openLog, rotateLog } from '../../../../packages/local-services/processes/service-log';
import { createScratchDirectory } from '../../../environment/scratch-directory';

describe('the log of a service', () => {
  const scratch = createScratchDirectory();
  const file = path.join(scratch.path, 'logs', 'worker.log');
  const aside = `${file}.1`;
  afterAll(() => scratch.remove());

  it('is moved aside when it is large, and its process goes on at its start', () => {
    const log = openLog(file);
    writeSync(log, 'first line\n');
    expect(rotateLog(file, 100)).toBe(false);
    expect(existsSync(aside)).toBe(false);

    expect(rotateLog(file, 10)).toBe(true);
    writeSync(log, 'second\n');
    expect(readFileSync(aside, 'utf8')).toBe('first line\n');
    expect(readFileSync(file, 'utf8')).toBe('second\n');
    expect(statSync(aside).mode & 0o777).toBe(0o600);

    writeSync(log, 'third line\n');
    expect(rotateLog(file, 10)).toBe(true);
    closeSync(log);
    expect(readFileSync(aside, 'utf8')).toBe('second\nthird line\n');
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  it('is moved whole, however large', () => {
    const large = `${'x'.repeat(99)}\n`.repeat(25_000);
    writeFileSync(file, large);
    rotateLog(file, 1_000_000);
    expect(readFileSync(aside, 'utf8') === large).toBe(true);
  });

  it('may be missing', () => {
    expect(rotateLog(path.join(scratch.path, 'none.log'))).toBe(false);
  });
});
