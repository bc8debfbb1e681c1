/**
 * The client of the benchmark in a process of its own: loads the port it is given, in a closed loop
 * or, where the second argument has the options of one, in an open loop; then says the result.
 */
import { loadClosedLoop } from './closed-loop';
import { loadOpenLoop, type OpenLoopOptions } from './open-loop';

async function run([port, openLoop]: readonly string[]): Promise<void> {
  const result = openLoop
    ? await loadOpenLoop(Number(port), JSON.parse(openLoop) as OpenLoopOptions)
    : await loadClosedLoop(Number(port));
  process.send!(result);
  process.exit();
}

void run(process.argv.slice(2));
