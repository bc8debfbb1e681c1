/**
 * What a client of a server needs for TLS: certificates and keys as PEM, what URLs say about them, and
 * failures in words.
 */
export { postgresConnection } from './postgres-connection';
export { redisConnection } from './redis-connection';
export {
  readTlsFile,
  requireTlsMaterial,
  type RefuseTlsPart,
  type TlsMaterial,
  type TlsPart,
} from './tls-material';
export { clientRefused, firstTlsProblem, tlsProblem, type TlsProblem } from './tls-problem';
