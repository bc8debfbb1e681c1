import { tlsProblem } from '../../../packages/tls/tls-problem';

const withCode = (code: string) => Object.assign(new Error(code), { code });

describe('what is wrong with a TLS connection', () => {
  it.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', 'authority', /not signed by an authority/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'authority', /not signed by an authority/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'authority', /not signed by an authority/],
    ['CERT_SIGNATURE_FAILURE', 'authority', /not signed by an authority/],
    ['CERT_HAS_EXPIRED', 'authority', /has expired/],
    ['CERT_NOT_YET_VALID', 'authority', /not valid yet/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'name', /other names/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'client', /client certificate/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'client', /client certificate/],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'client', /client certificate/],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'client', /client certificate/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'protocol', /does not use TLS/],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'protocol', /does not use TLS/],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'protocol', /do not agree/],
  ])('%s is about the %s', (code, about, problem) => {
    expect(tlsProblem(withCode(code))).toEqual({
      about,
      problem: expect.stringMatching(problem) as unknown,
    });
  });

  it.each([withCode('ECONNREFUSED'), new Error('no code'), undefined, 'text'])(
    'is nothing where %s is the error',
    (error) => {
      expect(tlsProblem(error)).toBeUndefined();
    },
  );
});
