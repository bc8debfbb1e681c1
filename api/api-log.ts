import { pino, type DestinationStream, type Logger } from 'pino';
import { errorDocument } from '../packages/logged-errors';

/** The API's log: a JSON object a line, to `destination` or stdout. */
export function createApiLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service: 'api' },
    // Errors of drivers may have the rows that they are about.
    serializers: { err: (error: unknown) => errorDocument(error) },
  };
  return destination ? pino(options, destination) : pino(options);
}
