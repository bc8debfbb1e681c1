import { createHash } from 'node:crypto';

/**
 * Ids as people have them and as the contract allows them: text of 1–128 printable characters. All
 * but the numbers are longer than the 12 bytes that DuckDB keeps inside a value.
 */
const shapes: readonly ((index: number, hex: string) => string)[] = [
  (index) => String(index),
  (_, hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
  (_, hex) => `cus_${hex.slice(0, 14)}`,
  (index, hex) => `${hex.slice(0, 6)}.${index}+o'brien,"a;b"@example.com`,
  (index, hex) => hex.repeat(2).slice(0, 121) + String(index).padStart(7, '0'),
  (index) => `Zoë Ångström ${index}`,
  (index) => `顧客番号${'の'.repeat(20)}${index}`,
  // Half-width katakana: three bytes each, and greater than the emoji below where texts are compared
  // by UTF-16 code units, as JavaScript does; bytewise they are less.
  (index) => `ﾕｰｻﾞ${index}`,
  (index) => `😀${index}`,
  // The longest there are: 128 characters of 4 bytes.
  (index) => '𝒳'.repeat(121) + [...String(index).padStart(7, '0')].map(mathematical).join(''),
];

function mathematical(digit: string): string {
  return String.fromCodePoint(0x1d7d8 + Number(digit));
}

/** Some ids, each once, of all shapes and lengths; the same ones for the same number. */
export function idsOfAllShapes(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const hex = createHash('sha256').update(String(index)).digest('hex');
    return shapes[index % shapes.length]!(index, hex);
  });
}

/** Compares ids as the platform orders them: by their bytes in UTF-8. */
export function bytewise(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
