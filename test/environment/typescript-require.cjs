/**
 * `node -r` this to run a .ts file of this repository in a child process. What is built (dist/) is
 * run as it was built, under the name of its source; what is not, or changed since, is transformed.
 */
const { readFileSync, statSync } = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');

require.extensions['.ts'] = (module, file) => {
  module._compile(builtCode(file) ?? transformedCode(file), file);
};

function builtCode(file) {
  const built = path.join(root, 'dist', path.relative(root, file).replace(/\.ts$/, '.js'));
  const builtAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return builtAt >= statSync(file).mtimeMs ? readFileSync(built, 'utf8') : undefined;
}

function transformedCode(file) {
  // Loading the compiler takes longer than running most children.
  const { transformFileSync } = require('@swc/core');
  const { code } = transformFileSync(file, {
    jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  });
  return code;
}
