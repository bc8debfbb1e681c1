import { runCommandLine } from './program';
import { openTerminal } from './open-terminal';

// They are for developers of the packages used here. gRPC causes one (DEP0123) at each Temporal with
// TLS whose address is an IP.
process.noDeprecation = true;

const terminal = openTerminal(process);
const now = () => BigInt(Date.now()) * 1000n;

void runCommandLine(process.argv.slice(2), { env: process.env, terminal, now }).then((code) => {
  // What could not be written has failed already, whatever the command says.
  process.exitCode ||= code;
});
