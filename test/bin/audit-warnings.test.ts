import { evaluateInModule } from '../repository-files';

const vulnerable = (name: string, severity: string, via: readonly unknown[]) => ({
  name,
  severity,
  range: '<2.0.0',
  via,
});

describe('what people are told of an audit', () => {
  const reports: [string, string, string | undefined, string[]][] = [
    [
      'every vulnerable package, the worst first',
      JSON.stringify({
        vulnerabilities: {
          a: vulnerable('a', 'moderate', ['b']),
          b: vulnerable('b', 'critical', [{ title: 'Reads any file' }, { title: 'Loops' }]),
        },
      }),
      undefined,
      ['warning: b <2.0.0 (critical): Reads any file; Loops', 'warning: a <2.0.0 (moderate): by b'],
    ],
    ['that there is none', '{"vulnerabilities":{}}', undefined, ['no known vulnerabilities']],
    [
      'that the registry refuses',
      '{"message":"405 Method Not Allowed","error":{"summary":""}}',
      undefined,
      ['warning: the registry did not answer (405 Method Not Allowed); nothing was audited'],
    ],
    [
      'that npm took too long',
      '',
      'spawnSync npm ETIMEDOUT',
      ['warning: the registry did not answer (spawnSync npm ETIMEDOUT); nothing was audited'],
    ],
    [
      'that npm said nothing that can be read',
      'npm warn',
      undefined,
      ['warning: the registry did not answer (npm gave no report); nothing was audited'],
    ],
  ];
  const told = evaluateInModule<string[][]>(
    'bin/checks/audit-warnings.mjs',
    'input.map(([answer, problem]) => module.auditWarnings(answer, problem ?? undefined))',
    reports.map(([, answer, problem]) => [answer, problem]),
  );

  it.each(reports.map(([name, , , expected], index) => ({ name, expected, found: told[index] })))(
    '$name',
    ({ expected, found }) => {
      expect(found).toEqual(expected);
    },
  );
});
