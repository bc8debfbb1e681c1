#!/usr/bin/env node
// The part of `make setup-deep` that needs Go: the tools of Prometheus and Grafana, which check the
// files in monitoring/. Each is looked for in the per-user cache first.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { monitoringTools } from './monitoring-tools.mjs';

const say = (line) => process.stderr.write(`${line}\n`);

for (const [name, tool] of Object.entries(monitoringTools())) {
  if (existsSync(tool.file)) say(`${name}: cached (${tool.file})`);
  else install(name, tool);
}

/** The folder appears by one rename: what was interrupted leaves nothing that looks finished. */
function install(name, { file, args, cwd }) {
  say(`${name}: building with Go, which takes some minutes`);
  const folder = path.dirname(file);
  mkdirSync(path.dirname(folder), { recursive: true });
  const building = mkdtempSync(path.join(path.dirname(folder), '.building-'));
  const { status, error } = spawnSync('go', args, {
    cwd: cwd ?? building,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, GOBIN: building, GOFLAGS: '-mod=mod -buildvcs=false' },
  });
  if (status === 0) {
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
    say(`${name}: built (${file})`);
    return;
  }
  rmSync(building, { recursive: true, force: true });
  say(
    `${name}: go failed${error ? `: ${error.message}` : ' (see above)'}. It needs Go 1.26.7 or later.`,
  );
  process.exitCode = 1;
}
