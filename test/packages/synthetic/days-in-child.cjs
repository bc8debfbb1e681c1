/**
 * A process of its own that generates single days and prints their rows, one line each.
 * Usage: node days-in-child.cjs '{"world": {…}, "windows": [["after", "through"], …]}'
 */
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  module._compile(code, filename);
};

const { generateArrivals } = require('../../../packages/synthetic/index.ts');
const { asLines, collect } = require('./collected-rows.ts');

const { world, windows } = JSON.parse(process.argv[2]);
const parts = windows.map(([after, through]) =>
  collect(generateArrivals(world, { after: BigInt(after), through: BigInt(through) })),
);
process.stdout.write(asLines(...parts).join('\n'));
