import { readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../repository-root';
import { findOnPath } from '../tools';
import { buildInCache } from './cache-folder';
import type { InstallContext, InstallResult } from './installer';
import { runProgram } from './run-program';

/** The newest release that `go install` accepts: later ones replace modules in their go.mod. */
const CLI_VERSION = '1.5.1';
const SDK_DOWNLOAD_MS = 20_000;

const remedy = 'Install the Temporal CLI (or Go, to build it with) or set TEMPORAL_ADDRESS.';

/** Temporal's dev server: the SDK's own download, else built from source with Go. */
export async function installTemporal(context: InstallContext): Promise<InstallResult> {
  const downloaded = await downloadWithSdk(context, {
    server: 'dev-server',
    executable: 'temporal',
    name: async (program) => versionName(program, context),
  });
  if (downloaded) return { how: 'downloaded', path: path.join(downloaded, 'temporal') };
  if (!findOnPath('go', context.env)) {
    return { problem: 'it could not be downloaded, and there is no Go to build it with', remedy };
  }
  return buildWithGo(context);
}

/**
 * Has the SDK download one of its servers, with a deadline: without a way out it would try for
 * minutes.
 */
export async function downloadWithSdk(
  context: InstallContext,
  options: {
    server: 'dev-server' | 'time-skipping';
    executable: string;
    name: (program: string) => Promise<string | undefined>;
  },
): Promise<string | undefined> {
  const script = path.join(repositoryRoot(), 'bin', 'download-temporal-server.mjs');
  return buildInCache(context.env, async ({ content, scratch }) => {
    const { status } = await runProgram(process.execPath, [script, options.server, scratch], {
      env: context.env,
      timeoutMs: SDK_DOWNLOAD_MS,
      onWaiting: context.tick,
    });
    const [file] = readdirSync(scratch).filter((name) => !name.includes('.downloading'));
    if (status !== 0 || file === undefined) return undefined;
    const program = path.join(content, options.executable);
    renameSync(path.join(scratch, file), program);
    return options.name(program);
  });
}

async function versionName(program: string, { env }: InstallContext): Promise<string | undefined> {
  const { stdout } = await runProgram(program, ['--version'], { env });
  const version = /version (\d+(?:\.\d+)+)/.exec(stdout)?.[1];
  return version && `temporal-${version}`;
}

async function buildWithGo(context: InstallContext): Promise<InstallResult> {
  context.say(
    `temporal: could not be downloaded; building ${CLI_VERSION} with Go, which takes some minutes`,
  );
  let problem = '';
  const folder = await buildInCache(context.env, async ({ content, scratch }) => {
    const result = await runProgram('go', goInstallArgs(), {
      cwd: scratch,
      env: { ...context.env, ...goInstallEnvironment({ content, scratch }) },
      onWaiting: context.tick,
    });
    problem = result.problem;
    return result.status === 0 ? `temporal-${CLI_VERSION}` : undefined;
  });
  return folder
    ? { how: 'built', path: path.join(folder, 'temporal') }
    : { problem: `go install failed: ${problem}`, remedy };
}

export function goInstallArgs(): string[] {
  return ['install', `github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`];
}

/** The program lands in `content`; modules and object files are scratch, and removable as such. */
export function goInstallEnvironment(folders: {
  content: string;
  scratch: string;
}): Record<string, string> {
  return {
    GOFLAGS: '-mod=mod -modcacherw',
    GOBIN: folders.content,
    GOPATH: path.join(folders.scratch, 'go'),
    GOMODCACHE: path.join(folders.scratch, 'go', 'pkg', 'mod'),
    GOCACHE: path.join(folders.scratch, 'go-build'),
  };
}
