import { findTool, tools, type Tool } from '../tools';
import { installRedis } from './install-redis';
import { installTemporal } from './install-temporal';
import { installTestServer } from './install-test-server';
import type { InstallContext, InstallResult } from './installer';
import { ChurnError } from '../../contracts';

const installers: Record<Tool, (context: InstallContext) => Promise<InstallResult>> = {
  redis: installRedis,
  temporal: installTemporal,
  testServer: installTestServer,
};

/**
 * Makes each tool available: given by its setting, on PATH, in the cache, or installed there. Says
 * in one line each which it was.
 *
 * @throws ChurnError MISSING_TOOL for the first that could not be had, after all were tried
 */
export async function installTools(
  wanted: readonly Tool[],
  context: InstallContext,
): Promise<void> {
  const failures: ChurnError[] = [];
  for (const tool of wanted) {
    const { executable, setting } = tools[tool];
    const found = findTool(tool, context.env);
    if (context.env[setting]) context.say(`${executable}: set by ${setting}`);
    else if (found) context.say(`${executable}: ${found.how} (${found.path})`);
    else {
      const result = await installers[tool](context);
      if ('how' in result) context.say(`${executable}: ${result.how} (${result.path})`);
      else failures.push(new ChurnError('MISSING_TOOL', { tool: executable, ...result }));
    }
  }
  const [first] = failures;
  if (first) throw first;
}
