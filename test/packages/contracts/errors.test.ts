import { ChurnError, errorCatalogue, isChurnError } from '../../../packages/contracts/errors';

describe('an error from the catalogue', () => {
  it('fills the holes of its message from its details', () => {
    const error = new ChurnError('GENERATE_GAP', {
      from: '2024-03-01',
      latestStart: '2024-02-02',
    });
    expect(error.message).toBe(
      'Generating from 2024-03-01 would leave a gap, because earlier days are not loaded yet. Start on 2024-02-02 or earlier.',
    );
  });

  it('leaves a hole without a detail as it is written', () => {
    expect(new ChurnError('UNKNOWN_USER').message).toBe(
      'There are no features for user {userId}, who is unknown, or was not known yet at the moment whose knowledge is used. Users who have signed up since then appear with the next daily run.',
    );
  });

  it('takes a detail literally, whatever it looks like', () => {
    const error = new ChurnError('INVALID_REQUEST', { problem: '$& {problem} $1' });
    expect(error.message).toBe('The request is not valid: $& {problem} $1.');
  });

  it('fills a hole that comes twice both times', () => {
    const { message } = new ChurnError('PARTITION_NOT_FOUND', { date: '2024-01-01' });
    expect(message).toContain('--from 2024-01-01 --to 2024-01-01');
  });

  it('carries status and retryability of its code, its details and its cause', () => {
    const cause = new Error('socket closed');
    const error = new ChurnError('REDIS_UNAVAILABLE', { attempt: 2 }, { cause });
    expect(error).toMatchObject({
      httpStatus: 503,
      retryable: true,
      details: { attempt: 2 },
      cause,
    });
    expect(new ChurnError('UNKNOWN_USER')).toMatchObject({ httpStatus: 404, retryable: false });
  });

  it.each(['it broke', 'it broke.'])(
    'ends with one full stop, whatever it is given: %s',
    (problem) => {
      const error = new ChurnError('RUN_FAILED', { what: 'A step', problem });
      expect(error.message).toBe('A step failed: it broke.');
    },
  );

  it('is told from other errors, also one that another module realm made', () => {
    const foreign = Object.assign(new Error('x'), { name: 'ChurnError', code: 'NO_DATA' });
    expect(isChurnError(new ChurnError('NO_DATA'))).toBe(true);
    expect(isChurnError(foreign)).toBe(true);
    expect(isChurnError(Object.assign(new Error('x'), { code: 'NO_DATA' }))).toBe(false);
    expect(isChurnError({ name: 'ChurnError', code: 'NO_DATA' })).toBe(false);
    expect(isChurnError(undefined)).toBe(false);
  });
});

describe.each(Object.entries(errorCatalogue))('%s', (code, entry) => {
  it('says in whole sentences what happened', () => {
    expect(entry.message).toMatch(/^[A-Z{].*[.}]$/);
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
  });

  it('has an HTTP status of an error, and only passing ones are worth a retry', () => {
    expect(entry.httpStatus).toBeGreaterThanOrEqual(400);
    expect(entry.httpStatus).toBeLessThanOrEqual(599);
    if (entry.retryable) expect([408, 409, 500, 503]).toContain(entry.httpStatus);
  });
});
