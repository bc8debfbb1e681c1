import fc from 'fast-check';

const body = '{"user_id":"u1"}';

/** Well-formed requests as they are sent, each of which asks to hang up afterwards. */
const wellFormed = [
  'GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
  `POST /predict HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  `POST /predict HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n10\r\n${body}\r\n0\r\n\r\n`,
  'POST /models/v001/promote HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
];

/** What to put in, in place of nothing or of something. */
const awkwardPieces = [
  '\r\n',
  '\n',
  '\u0000',
  ' ',
  'host: evil.example\r\n',
  'content-length: 5\r\n',
  'content-length: -1\r\n',
  'content-length: 99999999999999999999\r\n',
  'transfer-encoding: chunked\r\n',
  'transfer-encoding: chunked, chunked\r\n',
  'expect: 200-maybe\r\n',
  'expect: 100-continue\r\n',
  'upgrade: websocket\r\nconnection: upgrade\r\n',
  'x-forwarded-proto: https\r\n',
  `x: ${'x'.repeat(20_000)}\r\n`,
  'ffffffff\r\n',
  'HTTP/0.9',
  'HTTP/2.0',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '%00',
  '//',
  'http://evil.example/',
  '\u00ff\u00fe',
];

const pieces = fc.oneof(
  fc.constantFrom(...awkwardPieces),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
);

/** Replaces a part of a text, at a place given as a share of its length. */
const changes = fc.record({
  at: fc.nat(999).map((perMille) => perMille / 1_000),
  removed: fc.nat(20),
  piece: pieces,
});

/** What a program sends that speaks HTTP badly, or that means harm. */
export const rawRequests: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...wellFormed), fc.array(changes, { minLength: 1, maxLength: 3 }))
  .map(([text, edits]) =>
    edits.reduce((edited, { at, removed, piece }) => {
      const start = Math.floor(at * edited.length);
      return edited.slice(0, start) + piece + edited.slice(start + removed);
    }, text),
  );
