import { breaksOf } from './breaks-of.mjs';

const bodies = breaksOf('api/http/json-body.ts', [
  'test/api/json-body.test.ts',
  'test/api/problems.test.ts',
]);
const problems = breaksOf('api/http/problem-details.ts', ['test/api/problems.test.ts']);
const fields = breaksOf('api/http/validation.ts', ['test/api/problems.test.ts']);
const guard = breaksOf('api/http/request-guard.ts', ['test/api/request-guard.test.ts']);
const connections = breaksOf('api/http/connection-limits.ts', ['test/api/connections.test.ts']);
const unreadable = breaksOf('api/http/unreadable-request.ts', ['test/api/connections.test.ts']);
const general = breaksOf('api/http/problem.dto.ts', ['test/api/fuzz/fuzz.test.ts']);
const queue = breaksOf('packages/bounded-tasks/bounded-queue.ts', [
  'test/packages/bounded-tasks/bounded-queue.test.ts',
]);
const shared = breaksOf('packages/bounded-tasks/shared-by-callers.ts', [
  'test/packages/bounded-tasks/shared-by-callers.test.ts',
]);
const atRisk = breaksOf('packages/application/at-risk-list.ts', [
  'test/packages/application/at-risk-list.test.ts',
]);
const scores = breaksOf('packages/modeling/scoring/score-users.ts', [
  'test/packages/modeling/scoring/score-users.test.ts',
]);

const startApi = breaksOf('api/start-api.ts', ['test/api/start-api.integration.test.ts']);
const hotRoute = breaksOf('api/create-app.ts', ['test/api/hot-route.test.ts']);
const nodeFlags = breaksOf('packages/local-services/services/api-node-flags.ts', [
  'test/packages/local-services/services/api-node-flags.process.test.ts',
]);

/**
 * Breaks of what the API refuses before it works, of how long others wait for its work, and of what
 * a prediction costs.
 */
export const doorMutations = [
  startApi('names that are allowed', '[host, ...options.allowedHosts]', '[host]'),
  bodies('depth of a body', 'if (depth > depthMax) return', 'if (depth < 0) return'),
  bodies('values of a body', 'if (byte === COMMA) values += 1;', ''),
  bodies('escaped quotes', 'if (byte === BACKSLASH) index += 1;', ''),
  bodies('bodies of another encoding', 'if (!isUtf8(body))', 'if (!body)'),
  bodies('compressed bodies', "encoding.toLowerCase() !== 'identity'", 'encoding === undefined'),
  problems('at most twenty fields', 'wrong.slice(0, FIELDS_LISTED_MAX)', 'wrong.slice(0)'),
  problems('methods of another path', 'methods.length === 0 || ', ''),
  fields('objects in lists', 'value.some(isNested)', 'false'),
  fields('members of every object', 'inherited.length > 0', 'false'),
  guard('several Hosts', "host !== lastAllowed && host.includes(',')", 'false'),
  guard('HTTPS elsewhere', "=== 'https' ? 'https' : 'http'", "=== 'https' ? 'https' : 'https'"),
  connections(
    'time for a request',
    'requestTimeout: requestTimeoutMs,\n    connection',
    'connection',
  ),
  connections('silent connections', 'connectionTimeout: silenceTimeoutMs,', ''),
  connections('connections at once', 'server.maxConnections = connectionsMax;', ''),
  connections('room for another client', 'server.closeIdleConnections();', ''),
  unreadable('slow requests', "code === 'ERR_HTTP_REQUEST_TIMEOUT'", "code === 'NEVER'"),
  general('an error of every route', "  'INVALID_REQUEST',\n  'FORBIDDEN_HOST',", ''),
  queue('a bound', 'if (waiting.size >= waitingMax) throw full();', ''),
  queue('the place of who leaves', 'waiting.delete(begin);\n        reject', 'reject'),
  shared('one run at a time', 'if (!running) return begin();', 'return begin();'),
  shared('one next run for all', 'next ??= running', 'next = running'),
  atRisk('a kept list', 'if (kept?.key === key) return kept.list;', ''),
  atRisk('a failure is not kept', 'if (kept === computed) kept = undefined;', ''),
  atRisk('another partition', '[version, date, revision, sha256]', '[version]'),
  scores(
    'the highest first',
    'right.probability - left.probability',
    'left.probability - right.probability',
  ),
  hotRoute('a hot route without Nest', "(route.url === '/predict')", '(!route.url)'),
  nodeFlags('the semi-space', 'SEMI_SPACE_MEGABYTES = 64', 'SEMI_SPACE_MEGABYTES = 16'),
  nodeFlags('no hooks on promises', 'isNeeded ? [', '!isNeeded ? ['),
  scores('the highest of all chunks', 'kept = kept.slice(0, limit);', 'kept = kept.slice(-limit);'),
  scores(
    'explanations that let others in between',
    'EXPLAINED_PER_TURN = 50;',
    'EXPLAINED_PER_TURN = 5_000;',
  ),
];
