#!/usr/bin/env node
// Types and lint in one: what the compiler has found out about types serves the lint rules that ask
// for them. Apart, each would read and check the whole tree. Says what is wrong with either; the exit
// code says whether anything is.
import path from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { root } from '../source-files.mjs';

const program = createProgram(path.join(root, 'tsconfig.json'));
const wrongTypes = reportTypes(program);
const wrongLint = await reportLint(program);
process.exitCode = wrongTypes || wrongLint ? 1 : 0;

function createProgram(file) {
  const onUnRecoverableConfigFileDiagnostic = (diagnostic) => {
    throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
  };
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic };
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(
    file,
    { noEmit: true, incremental: false, tsBuildInfoFile: undefined },
    host,
  );
  return ts.createProgram({
    rootNames: fileNames,
    options,
    configFileParsingDiagnostics: errors,
  });
}

function reportTypes(program) {
  const found = ts.getPreEmitDiagnostics(program);
  process.stdout.write(
    ts.formatDiagnosticsWithColorAndContext(found, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => root,
      getNewLine: () => '\n',
    }),
  );
  return found.length > 0;
}

async function reportLint(program) {
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: {
      languageOptions: { parserOptions: { programs: [program], projectService: false } },
    },
  });
  const results = await eslint.lintFiles(['.']);
  const formatter = await eslint.loadFormatter('stylish');
  process.stdout.write(await formatter.format(results));
  return results.some(({ errorCount, warningCount }) => errorCount + warningCount > 0);
}
