/** The client of the benchmark in a process of its own: loads the port it is given, says the result. */
import { loadClosedLoop } from './closed-loop';

async function run(port: number): Promise<void> {
  process.send!(await loadClosedLoop(port));
  process.exit();
}

void run(Number(process.argv[2]));
