import { runCommandLine } from './program';

const terminal = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
  clock: () => performance.now(),
  isInteractive: process.stderr.isTTY,
};

void runCommandLine(process.argv.slice(2), { env: process.env, terminal }).then((code) => {
  process.exitCode = code;
});
