import type { HealthDto } from '../health/health.dto';

const links = [
  ['/docs', 'API documentation'],
  ['/health', 'Health'],
  ['/users/at-risk', 'Users at risk'],
  ['/models', 'Models'],
  ['/partitions', 'Partitions'],
  ['/drift', 'Drift'],
  ['/metrics', 'Metrics'],
] as const;

/** The page at `/`: what state the service is in and where to look further. */
export function renderHomePage({ status, parts }: HealthDto): string {
  const rows = Object.entries<object>({ ...parts }).map(
    ([name, part]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(describe(part))}</td></tr>`,
  );
  const items = links.map(([href, text]) => `<li><a href="${href}">${escapeHtml(text)}</a></li>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Churn platform</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  th { text-align: left; padding-right: 2rem; font-weight: 600; vertical-align: top; }
</style>
<h1>Churn platform</h1>
<p>Status: <strong>${escapeHtml(status)}</strong></p>
<table>${rows.join('\n')}</table>
<ul>${items.join('\n')}</ul>
</html>
`;
}

function describe(part: object): string {
  return Object.entries(part)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => (name === 'status' ? String(value) : `${name} ${String(value)}`))
    .join(', ');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}
