import { execFileSync } from 'node:child_process';
import path from 'node:path';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Certificates made for one test, in files: an authority, and what it has signed. */
export interface TestAuthority {
  readonly cert: string;
  /** A certificate for a server or a client. Names are as in OpenSSL: DNS:localhost, IP:127.0.0.1. */
  sign(name: string, subjectAltNames?: readonly string[]): CertificateFiles;
}

export function createTestAuthority(folder: string, authorityName: string): TestAuthority {
  const authority = filesOf(folder, authorityName);
  makeCertificate(authority, [...subject(authorityName)]);
  return {
    cert: authority.cert,
    sign: (name, subjectAltNames = []) => {
      const files = filesOf(folder, name);
      const names = subjectAltNames.join(',');
      makeCertificate(files, [
        ...subject(name),
        ...['-CA', authority.cert, '-CAkey', authority.key],
        ...['-addext', 'basicConstraints=critical,CA:FALSE'],
        ...(names ? ['-addext', `subjectAltName=${names}`] : []),
      ]);
      return files;
    },
  };
}

const filesOf = (folder: string, name: string): CertificateFiles => ({
  cert: path.join(folder, `${name}.crt`),
  key: path.join(folder, `${name}.key`),
});

const subject = (name: string) => ['-subj', `/CN=${name}`];

function makeCertificate({ cert, key }: CertificateFiles, options: readonly string[]): void {
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-noenc', '-days', '2', '-keyout', key, '-out', cert],
      ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
      ...options,
    ],
    { stdio: 'pipe' },
  );
}
