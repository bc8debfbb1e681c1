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
  /** One that expired yesterday. */
  signExpired(name: string, subjectAltNames: readonly string[]): CertificateFiles;
}

export function createTestAuthority(folder: string, authorityName: string): TestAuthority {
  const authority = filesOf(folder, authorityName);
  makeCertificate(authority, [...subject(authorityName)]);
  return {
    cert: authority.cert,
    sign: (name, subjectAltNames = []) => {
      const files = filesOf(folder, name);
      makeCertificate(files, [
        ...subject(name),
        ...['-CA', authority.cert, '-CAkey', authority.key],
        ...extensions(subjectAltNames),
      ]);
      return files;
    },
    signExpired: (name, subjectAltNames) => {
      const files = filesOf(folder, name);
      makeExpired(files, authority, [...subject(name), ...extensions(subjectAltNames)]);
      return files;
    },
  };
}

const extensions = (subjectAltNames: readonly string[]) => [
  ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  ...(subjectAltNames.length > 0 ? ['-addext', `subjectAltName=${subjectAltNames.join(',')}`] : []),
];

const filesOf = (folder: string, name: string): CertificateFiles => ({
  cert: path.join(folder, `${name}.crt`),
  key: path.join(folder, `${name}.key`),
});

const subject = (name: string) => ['-subj', `/CN=${name}`];

const newKey = (key: string) => [
  ...['-noenc', '-keyout', key, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
];

function makeCertificate({ cert, key }: CertificateFiles, options: readonly string[]): void {
  openssl(['req', '-x509', '-days', '2', '-out', cert, ...newKey(key), ...options]);
}

/** `openssl req` lets no certificate expire before it is valid; `openssl x509` does. */
function makeExpired(
  { cert, key }: CertificateFiles,
  authority: CertificateFiles,
  options: readonly string[],
): void {
  const request = `${cert}.request`;
  openssl(['req', '-new', '-out', request, ...newKey(key), ...options]);
  openssl([
    ...['x509', '-req', '-in', request, '-out', cert, '-days', '-1', '-copy_extensions', 'copy'],
    ...['-CA', authority.cert, '-CAkey', authority.key],
  ]);
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
