import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What a client brings to a TLS connection, each as PEM. */
export interface TlsMaterial {
  /** Certificates of the authorities that may have signed the server's certificate. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export type TlsPart = keyof TlsMaterial;

/** Throws the error that names the setting of a part; the problem quotes nothing of the part. */
export type RefuseTlsPart = (part: TlsPart, problem: string) => never;

/** Reads the PEM file of a part; calls `refuse` if it can't be read. */
export function readTlsFile(part: TlsPart, file: string, refuse: RefuseTlsPart): Buffer {
  return attempt(() => readFileSync(file)) ?? refuse(part, "the file that it names can't be read");
}

/**
 * Confirms that each part is what it is given for, and that the key is that of the certificate.
 * OpenSSL's own errors, which come with the first connection, name neither file nor setting.
 */
export function requireTlsMaterial({ ca, cert, key }: TlsMaterial, refuse: RefuseTlsPart): void {
  if (ca && !certificateOf(ca)) refuse('ca', NO_CERTIFICATE);
  if (cert && !key) refuse('key', 'it must be given together with the client certificate');
  if (key && !cert) refuse('cert', 'it must be given together with the private key');
  if (!cert || !key) return;
  const certificate = certificateOf(cert) ?? refuse('cert', NO_CERTIFICATE);
  const privateKey = attempt(() => createPrivateKey(key)) ?? refuse('key', NO_KEY);
  if (!certificate.checkPrivateKey(privateKey)) {
    refuse('key', 'it is not the key of the client certificate');
  }
}

const NO_CERTIFICATE = 'it does not hold a certificate in PEM format';
const NO_KEY = 'it does not hold a private key in PEM format without a passphrase';

function certificateOf(pem: Buffer): X509Certificate | undefined {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) return undefined;
  return attempt(() => new X509Certificate(pem));
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
