/** `node -r` this: at the end, the modules that were loaded go to the file of CHURN_TEST_MODULES. */
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  writeFileSync(process.env.CHURN_TEST_MODULES, Object.keys(require.cache).join('\n'));
});
