/** `node dist/packages/local-services/install/main.js [--tests]`: the part of `make setup` that needs the build. */
import { isChurnError } from '../../contracts';
import type { Tool } from '../tools';
import { installTools } from './install-tools';

async function main(): Promise<void> {
  const wanted: Tool[] = ['redis', 'temporal'];
  if (process.argv.includes('--tests')) wanted.push('testServer');
  let isMidLine = false;
  const tick = () => {
    process.stderr.write('.');
    isMidLine = true;
  };
  const say = (line: string) => {
    process.stderr.write(`${isMidLine ? '\n' : ''}${line}\n`);
    isMidLine = false;
  };
  try {
    await installTools(wanted, { env: process.env, say, tick });
  } catch (error) {
    say(isChurnError(error) ? `${error.code}: ${error.message}` : String(error));
    process.exitCode = 1;
  }
}

void main();
