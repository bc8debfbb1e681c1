import { createApiLog } from '../../api/api-log';

describe("the API's log", () => {
  it('is a JSON object a line, and says nothing of the rows that an error is about', () => {
    const lines: string[] = [];
    const log = createApiLog('info', { write: (line: string) => void lines.push(line) });
    const message = 'Failed query: insert into ops.predictions values ($1)\nparams: anna,0.5';
    const error = Object.assign(new Error(message), { code: '23505', params: ['anna', 0.5] });
    log.debug('below the level');
    log.warn({ err: error, pending: 3 }, 'predictions wait to be logged');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 40,
        time: expect.any(Number),
        service: 'api',
        msg: 'predictions wait to be logged',
        pending: 3,
        err: {
          type: 'Error',
          code: '23505',
          message: 'Failed query: insert into ops.predictions values ($1)',
          stack: expect.stringContaining('api-log.test'),
        },
      },
    ]);
  });
});
