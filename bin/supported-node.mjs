// Which Node the platform runs on. package.json's "engines" names the supported lines; `make setup`
// records the Node that it ran with, for shells that find another one first. Nothing here needs a
// newer Node than 18 or an installed package.
import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Where `make setup` writes the path of the Node that it ran with. */
export const recordFile = path.join(root, 'node_modules', '.churn-node');

/**
 * The lines of a range like `^22.12.0 || ^24.0.0`, the only form that "engines" may have here.
 *
 * @returns {{ major: number, minor: number }[]} each major version with its first supported minor
 */
export function linesOf(range) {
  return range.split('||').map((part) => {
    const [, major, minor] = /^\s*\^(\d+)\.(\d+)\.0\s*$/.exec(part) ?? [];
    if (major === undefined) throw new Error(`package.json: engines.node has "${part.trim()}"`);
    return { major: Number(major), minor: Number(minor) };
  });
}

/** Whether a released version, such as `24.21.0`, belongs to one of the lines. */
export function isSupported(version, lines) {
  const [, major, minor] = /^v?(\d+)\.(\d+)\.\d+$/.exec(version) ?? [];
  return lines.some((line) => line.major === Number(major) && line.minor <= Number(minor));
}

/** The lines in words: `22 (22.12 or later), 24 or 26`. */
export function inWords(lines) {
  const words = lines.map(({ major, minor }) =>
    minor > 0 ? `${major} (${major}.${minor} or later)` : `${major}`,
  );
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter(Boolean).join(' or ');
}

export function supportedLines() {
  const { engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return linesOf(engines.node);
}

/** The recorded Node, if it is still there. */
export function recordedNode() {
  try {
    const file = readFileSync(recordFile, 'utf8').trim();
    accessSync(file, constants.X_OK);
    return file;
  } catch {
    return undefined;
  }
}

/**
 * The Node to run with: this one where it is supported, else the recorded one.
 *
 * @returns {{ node: string } | { problem: string }} its path, or one sentence for the user
 */
export function chooseNode({ version, execPath } = currentNode()) {
  const lines = supportedLines();
  if (isSupported(version, lines)) return { node: execPath };
  const recorded = recordedNode();
  // A recorded Node that turns out to be this one has been replaced since by another version.
  if (recorded && recorded !== execPath) return { node: recorded };
  const problem =
    `Node ${version} is not supported: the platform needs ${inWords(lines)}. ` +
    'Run `make setup`, which installs one.';
  return { problem };
}

function currentNode() {
  return { version: process.versions.node, execPath: process.execPath };
}
