import { runCommandLine } from './program';
import { openTerminal } from './open-terminal';

const terminal = openTerminal(process);
const now = () => BigInt(Date.now()) * 1000n;

void runCommandLine(process.argv.slice(2), { env: process.env, terminal, now }).then((code) => {
  // What could not be written has failed already, whatever the command says.
  process.exitCode ||= code;
});
