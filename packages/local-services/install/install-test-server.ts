import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findOnPath } from '../tools';
import { buildInCache } from './cache-folder';
import { downloadWithSdk } from './install-temporal';
import type { InstallContext, InstallResult } from './installer';
import { runProgram } from './run-program';

const VERSION = '1.38.0';
const NAME = 'temporal-test-server';
const remedy = `Put ${NAME} on PATH, or install Maven and Java 11 or later.`;

/** Temporal's time-skipping server for tests: the SDK's download, else its jars by Maven. */
export async function installTestServer(context: InstallContext): Promise<InstallResult> {
  const downloaded = await downloadWithSdk(context, {
    server: 'time-skipping',
    executable: NAME,
    name: () => Promise.resolve(`${NAME}-${VERSION}`),
  });
  if (downloaded) return { how: 'downloaded', path: path.join(downloaded, NAME) };
  if (!findOnPath('mvn', context.env) || !findOnPath('java', context.env)) {
    return { problem: 'it could not be downloaded, and there is no Maven with Java', remedy };
  }
  return installWithMaven(context);
}

async function installWithMaven(context: InstallContext): Promise<InstallResult> {
  context.say(`${NAME}: could not be downloaded; fetching ${VERSION} with Maven`);
  let problem = '';
  const folder = await buildInCache(context.env, async ({ content, scratch }) => {
    writeFileSync(path.join(scratch, 'pom.xml'), mavenProject(VERSION));
    const result = await runProgram('mvn', mavenArgs(path.join(content, 'jars')), {
      cwd: scratch,
      env: context.env,
      onWaiting: context.tick,
    });
    problem = result.problem || result.stdout.slice(-300);
    if (result.status !== 0) return undefined;
    writeWrapper(content);
    return `${NAME}-${VERSION}`;
  });
  return folder
    ? { how: 'downloaded', path: path.join(folder, NAME) }
    : { problem: `Maven failed: ${problem}`, remedy };
}

export function mavenArgs(outputDirectory: string): string[] {
  return [
    ...['-q', '-B', 'dependency:copy-dependencies'],
    ...['-DincludeScope=runtime', `-DoutputDirectory=${outputDirectory}`],
  ];
}

export function mavenProject(version: string): string {
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>churn</groupId><artifactId>test-server</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId><artifactId>${NAME}</artifactId><version>${version}</version>
    </dependency>
  </dependencies>
</project>
`;
}

function writeWrapper(folder: string): void {
  const wrapper = path.join(folder, NAME);
  const script = [
    '#!/bin/sh',
    'here=$(cd "$(dirname "$0")" && pwd)',
    `exec java -XX:TieredStopAtLevel=1 -cp "$here/jars/*" io.temporal.testserver.TestServer "$@"`,
    '',
  ].join('\n');
  writeFileSync(wrapper, script);
  chmodSync(wrapper, 0o755);
}
