/**
 * Lines for people about the answer of `npm audit --json`: one a vulnerable package, worst first, or
 * that there is none, or why there is no answer.
 *
 * @param {string} answer what npm wrote; anything else than a report is an error
 * @param {string} [problem] why npm did not end
 * @returns {string[]}
 */
export function auditWarnings(answer, problem) {
  const report = parse(answer);
  if (!report?.vulnerabilities) {
    const why = report?.message || report?.error?.summary || problem || 'npm gave no report';
    return [`warning: the registry did not answer (${firstLine(why)}); nothing was audited`];
  }
  const found = Object.values(report.vulnerabilities);
  if (found.length === 0) return ['no known vulnerabilities'];
  return found
    .sort((a, b) => rankOf(b) - rankOf(a) || (a.name < b.name ? -1 : 1))
    .map((found) => `warning: ${found.name} ${found.range} (${found.severity})${titlesOf(found)}`);
}

const severities = ['info', 'low', 'moderate', 'high', 'critical'];

function rankOf({ severity }) {
  return severities.indexOf(severity);
}

/** What `via` names is an advisory, or only the package by which this one is vulnerable. */
function titlesOf({ via }) {
  const titles = via.map((cause) => (typeof cause === 'string' ? `by ${cause}` : cause.title));
  return titles.length > 0 ? `: ${[...new Set(titles)].join('; ')}` : '';
}

function firstLine(text) {
  return text.split('\n')[0];
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
