/** Why a TLS connection was not made, and which side's setting decides it. */
export interface TlsProblem {
  /**
   * `authority`: the server's certificate is not trusted; `name`: it is for other names; `client`: the
   * server does not take the client's certificate; `protocol`: the two do not speak the same protocol.
   */
  readonly about: 'authority' | 'name' | 'client' | 'protocol';
  readonly problem: string;
}

export const clientRefused: TlsProblem = {
  about: 'client',
  problem: 'the server asks for another client certificate',
};

const reasons: readonly (readonly [RegExp, TlsProblem])[] = [
  [
    /^CERT_HAS_EXPIRED$/,
    { about: 'authority', problem: "the server's certificate, or its authority's, has expired" },
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    {
      about: 'authority',
      problem: "the server's certificate, or its authority's, is not valid yet",
    },
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF|GET_ISSUER)|^CERT_|^INVALID_(CA|PURPOSE)$/,
    {
      about: 'authority',
      problem: "the server's certificate is not signed by an authority that is trusted here",
    },
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    { about: 'name', problem: "the server's certificate is for other names" },
  ],
  [
    /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)|UNSUPPORTED_CERTIFICATE/,
    clientRefused,
  ],
  [
    /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_EOF)/,
    { about: 'protocol', problem: 'the server does not use TLS' },
  ],
  [
    /^(ERR_SSL_|EPROTO$)/,
    { about: 'protocol', problem: 'the server and this client do not agree on how to use TLS' },
  ],
];

const ended = /^(ECONNRESET|EPIPE|CONNECTION_CLOSED|CONNECTION_DESTROYED)$|^Connection is closed/;

/**
 * The same for the first connection of a client that uses TLS. In TLS 1.3 a server looks at the client's
 * certificate last; the alert by which it refuses it may be lost with the connection.
 */
export function firstTlsProblem(error: unknown): TlsProblem | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const isEnded = ended.test(String(code)) || ended.test(String(message));
  return tlsProblem(error) ?? (isEnded ? connectionEnded : undefined);
}

const connectionEnded: TlsProblem = {
  about: 'client',
  problem:
    'the server ended the connection at once, perhaps because it asks for another client certificate',
};

/** What is wrong with TLS where connecting failed with this error of Node; undefined: nothing. */
export function tlsProblem(error: unknown): TlsProblem | undefined {
  // Not `instanceof`: Node's own errors come from another realm under jest.
  const code = typeof error === 'object' && error && 'code' in error ? String(error.code) : '';
  return reasons.find(([pattern]) => pattern.test(code))?.[1];
}
