import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A fresh temporary folder and how to remove it. */
export function createScratchDirectory(): { path: string; remove: () => void } {
  const directory = mkdtempSync(path.join(tmpdir(), 'churn-test-'));
  return { path: directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
