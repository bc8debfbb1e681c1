import type { PostgresType } from 'postgres';

/** The oids of arrays, the same in every Postgres, and how an element is read. */
const readers = new Map<number, (text: string) => unknown>([
  [1000, (text) => text === 't'], // boolean[]
  [1005, Number], // smallint[]
  [1007, Number], // integer[]
  [1009, String], // text[]
  [1016, Number], // bigint[]
  [1022, Number], // double precision[]
  [1182, String], // date[]
  [1231, String], // numeric[]
  [2951, String], // uuid[]
]);

/**
 * Types for postgres.js, which otherwise asks each new connection for those of arrays; a connection
 * that is lost meanwhile ends the process (docs/decisions/0040). Arrays of one dimension; an array of
 * a type that is not listed is refused by Postgres as a malformed literal.
 */
export const arrayTypes: Record<string, PostgresType> = Object.fromEntries(
  [...readers].map(([oid, read]) => [
    `array${oid}`,
    {
      to: oid,
      from: [oid],
      serialize: (value: unknown) =>
        Array.isArray(value) ? literalOf(value as readonly Element[]) : value,
      parse: (text: string) => elementsOf(text).map((element) => element && read(element.text)),
    },
  ]),
);

type Element = string | number | bigint | boolean | null;

function literalOf(values: readonly Element[]): string {
  const elements = values.map((value) =>
    value === null ? 'NULL' : `"${String(value).replaceAll(/["\\]/g, '\\$&')}"`,
  );
  return `{${elements.join(',')}}`;
}

/** Null for NULL, which is never quoted. */
function elementsOf(literal: string): ({ readonly text: string } | null)[] {
  const elements = literal.matchAll(/"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs);
  return [...elements].map(([, quoted, plain]) => {
    if (quoted !== undefined) return { text: quoted.replaceAll(/\\(.)/gs, '$1') };
    return plain === 'NULL' ? null : { text: plain ?? '' };
  });
}
