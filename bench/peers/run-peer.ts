import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

export interface PeerRun {
  readonly seconds: number;
  readonly rows: number;
  readonly peakRssBytes: number;
}

/** A script beside this file, from the sources and from dist/ alike. */
export function peerScript(name: string): string {
  const root = path.resolve(__dirname, '../..');
  return path.join(path.basename(root) === 'dist' ? path.dirname(root) : root, 'bench/peers', name);
}

/** Runs a program that ends with one line of JSON on stdout; its stderr is part of the error. */
export async function runForReport(program: string, args: readonly string[]): Promise<PeerRun> {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 1 << 24 });
  const report = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
  return {
    seconds: report.seconds!,
    rows: report.rows ?? 0,
    peakRssBytes: report.peak_rss_bytes ?? 0,
  };
}
