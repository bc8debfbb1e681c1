import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { asLines, dayAfterStart, differences, firstDays } from './collected-rows';

const world = { version: 2, seed: 8, users: 30, start: '2023-12-20' };
const DAYS = 120;
const PROCESSES = 4;

describe('days generated in separate processes', () => {
  it('are together the rows of one process', () => {
    const shares = Array.from({ length: PROCESSES }, (_, process) =>
      Array.from({ length: DAYS }, (_unused, day) => (day * 37) % DAYS).filter(
        (day) => day % PROCESSES === process,
      ),
    );
    const lines = shares.flatMap((days) => {
      const windows = days.map((day) => [
        String(dayAfterStart(world.start, day)),
        String(dayAfterStart(world.start, day + 1)),
      ]);
      const child = path.join(__dirname, 'days-in-child.cjs');
      const input = JSON.stringify({ world, windows });
      return execFileSync(process.execPath, [child, input], { encoding: 'utf8' }).split('\n');
    });
    expect(differences(lines, asLines(firstDays(world, DAYS)))).toEqual([]);
  });
});
