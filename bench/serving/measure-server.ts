import { fork } from 'node:child_process';
import path from 'node:path';
import type { LoadResult } from './load-result';
import type { OpenLoopOptions } from './open-loop';
import { messageOf, type RunningServer } from './start-server';

export interface ServerLoad extends LoadResult {
  /** Of the server, all threads; unlike requests per second, hardly moved by what else runs. */
  readonly cpuMicros: number;
}

/** Loads a server from a process of its own, in a closed loop unless an open one is given. */
export async function measureServer(
  server: RunningServer,
  openLoop?: OpenLoopOptions,
): Promise<ServerLoad> {
  const before = await server.use();
  const args = [String(server.port), ...(openLoop ? [JSON.stringify(openLoop)] : [])];
  const client = fork(path.join(__dirname, 'load-process.js'), args);
  const result = await messageOf<LoadResult>(client);
  const after = await server.use();
  return { ...result, cpuMicros: (after.cpuMicros - before.cpuMicros) / result.answered };
}
