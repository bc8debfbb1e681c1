#!/usr/bin/env node
// `node bin/node.mjs SCRIPT ARGUMENTS…` runs a script with the Node that the platform supports,
// whichever Node is found first. `node bin/node.mjs --folder` prints the folder of that Node, to put
// before PATH; with a version such as 22.23.3 behind it that of this Node, downloaded if need be.
import path from 'node:path';
import { downloadNode } from './download-node.mjs';
import { runNode } from './run-node.mjs';
import { chooseNode } from './supported-node.mjs';

const args = process.argv.slice(2);
const say = (line) => process.stderr.write(`${line}\n`);

if (args[0] === '--folder' && args.length === 2) {
  printFolder(
    downloadNode({ version: args[1], say }),
    `node: ${args[1]} could not be downloaded from npm`,
  );
} else {
  const { node, problem } = chooseNode();
  if (args[0] === '--folder' || problem) printFolder(node, problem);
  else process.exitCode = await runNode(node, args);
}

function printFolder(node, problem) {
  if (node) process.stdout.write(`${path.dirname(node)}\n`);
  else {
    say(problem);
    process.exitCode = 1;
  }
}
