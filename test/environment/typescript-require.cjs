/**
 * `node -r` this to run a .ts file of this repository in a child process. What is built (dist/) is
 * run as it was built, under the name of its source; what is not, or changed since, is transformed, once.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');
const cache = path.join(root, 'node_modules/.cache/churn');

/** As in jest.config.cjs: Nest finds what to inject by the metadata. */
const transformOptions = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
};

require.extensions['.ts'] = (module, file) => {
  module._compile(builtCode(file) ?? transformedCode(file), file);
};

function builtCode(file) {
  const built = path.join(root, 'dist', path.relative(root, file).replace(/\.ts$/, '.js'));
  const builtAt = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return builtAt >= statSync(file).mtimeMs ? readFileSync(built, 'utf8') : undefined;
}

function transformedCode(file) {
  const source = readFileSync(file, 'utf8');
  const hash = createHash('sha256')
    .update(JSON.stringify([file, source, transformOptions]))
    .digest('hex')
    .slice(0, 16);
  const cached = path.join(cache, `child-${hash}.js`);
  try {
    return readFileSync(cached, 'utf8');
  } catch {
    const code = transform(source, file);
    keep(code, cached);
    return code;
  }
}

function keep(code, cached) {
  try {
    mkdirSync(cache, { recursive: true });
    // Children that start side by side must not read half of it.
    const temporary = `${cached}.${process.pid}`;
    writeFileSync(temporary, code);
    renameSync(temporary, cached);
  } catch {
    // Where a test has the disk full, the next child transforms it again.
  }
}

function transform(source, filename) {
  // Loading the compiler takes longer than running most children.
  const { transformSync } = require('@swc/core');
  const { code } = transformSync(source, { filename, ...transformOptions });
  return code;
}
