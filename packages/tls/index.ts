/** What a client of a server needs for TLS: certificates and keys as PEM, and failures in words. */
export {
  readTlsFile,
  requireTlsMaterial,
  type RefuseTlsPart,
  type TlsMaterial,
  type TlsPart,
} from './tls-material';
export { clientRefused, tlsProblem, type TlsProblem } from './tls-problem';
