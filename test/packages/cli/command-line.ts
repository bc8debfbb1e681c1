import { runCommandLine } from '../../../packages/cli/program';
import { parseInstant } from '../../../packages/instants/epoch-micros';

/** The moment at which the command lines of these tests are typed. */
export const NOW = '2026-03-02T12:00:00Z';

interface Setting {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A command line with nothing behind it: no data folder, no services; `env` may come first. */
export async function run(...given: (string | Setting)[]) {
  const argv = given.filter((one) => typeof one === 'string');
  const [setting] = given.filter((one) => typeof one !== 'string');
  const written = { out: '', err: '' };
  const terminal = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
    clock: () => 0,
    isInteractive: false,
  };
  const code = await runCommandLine(argv, {
    env: setting?.env ?? { CHURN_DATA_DIR: 'no-such-installation' },
    terminal,
    now: () => parseInstant(NOW),
  });
  return { code, ...written };
}
