/**
 * A value of Thrift's compact protocol, in which a Parquet file's footer is written. It is kept as it
 * was read, so that what nobody changes is written back byte for byte.
 */
export type ThriftValue = boolean | bigint | Buffer | ThriftList | ThriftStruct;

export interface ThriftList {
  readonly of: number;
  readonly values: readonly ThriftValue[];
}

export interface ThriftField {
  readonly id: number;
  readonly type: number;
  readonly value: ThriftValue;
}

export type ThriftStruct = readonly ThriftField[];

export const thriftTypes = { true: 1, false: 2, i32: 5, list: 9, struct: 12 } as const;

const STOP = 0;
const fixedBytes: Readonly<Record<number, number>> = { 3: 1, 7: 8, 13: 16 };

/** @throws RangeError when the bytes are no struct, or are of a type that no footer has. */
export function readThriftStruct(bytes: Buffer): ThriftStruct {
  return new Reader(bytes).struct();
}

class Reader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  struct(): ThriftStruct {
    const fields: ThriftField[] = [];
    let id = 0;
    for (;;) {
      const header = this.byte();
      const type = header & 15;
      if (type === STOP) return fields;
      const delta = header >> 4;
      id = delta === 0 ? Number(this.zigzag()) : id + delta;
      fields.push({ id, type, value: this.value(type) });
    }
  }

  private value(type: number): ThriftValue {
    switch (type) {
      case 1:
      case 2:
        return type === thriftTypes.true;
      case 4:
      case 5:
      case 6:
        return this.zigzag();
      case 8:
        return this.take(Number(this.varint()));
      case 9:
      case 10:
        return this.list();
      case 12:
        return this.struct();
      default: {
        const length = fixedBytes[type];
        if (length === undefined) throw new RangeError(`a Parquet footer has no type ${type}`);
        return this.take(length);
      }
    }
  }

  private list(): ThriftList {
    const header = this.byte();
    const of = header & 15;
    const count = header >> 4 === 15 ? Number(this.varint()) : header >> 4;
    // Each takes a byte at least: a count that lies is found out before anything is made for it.
    if (count > this.bytes.length - this.at) throw new RangeError('a list ends after its bytes');
    const isBoolean = of === thriftTypes.true || of === thriftTypes.false;
    const element = () => (isBoolean ? this.byte() === thriftTypes.true : this.value(of));
    return { of, values: Array.from({ length: count }, element) };
  }

  private zigzag(): bigint {
    const value = this.varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  private varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError('an integer has more than ten bytes');
  }

  private byte(): number {
    return this.take(1)[0]!;
  }

  private take(length: number): Buffer {
    const end = this.at + length;
    if (end > this.bytes.length) throw new RangeError('it ends too early');
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

export function writeThriftStruct(struct: ThriftStruct): Buffer {
  const parts: Buffer[] = [];
  writeStruct(struct, parts);
  return Buffer.concat(parts);
}

function writeStruct(struct: ThriftStruct, parts: Buffer[]): void {
  let previous = 0;
  for (const { id, type, value } of struct) {
    const delta = id - previous;
    const isShort = delta > 0 && delta < 16;
    parts.push(Buffer.from([(isShort ? delta << 4 : 0) | typeOf(type, value)]));
    if (!isShort) parts.push(zigzag(BigInt(id)));
    if (typeof value !== 'boolean') writeValue(value, type, parts);
    previous = id;
  }
  parts.push(Buffer.from([STOP]));
}

/** Of a boolean field the type is the value. */
function typeOf(type: number, value: ThriftValue): number {
  if (typeof value !== 'boolean') return type;
  return value ? thriftTypes.true : thriftTypes.false;
}

function writeValue(value: ThriftValue, type: number, parts: Buffer[]): void {
  if (typeof value === 'boolean') parts.push(Buffer.from([typeOf(type, value)]));
  else if (typeof value === 'bigint') parts.push(zigzag(value));
  else if (Buffer.isBuffer(value)) {
    if (fixedBytes[type] === undefined) parts.push(varint(BigInt(value.length)));
    parts.push(value);
  } else if (isList(value)) writeList(value, parts);
  else writeStruct(value, parts);
}

function writeList({ of, values }: ThriftList, parts: Buffer[]): void {
  const isShort = values.length < 15;
  parts.push(Buffer.from([((isShort ? values.length : 15) << 4) | of]));
  if (!isShort) parts.push(varint(BigInt(values.length)));
  for (const value of values) writeValue(value, of, parts);
}

export function isList(value: ThriftValue | undefined): value is ThriftList {
  return typeof value === 'object' && 'values' in value && 'of' in value;
}

function zigzag(value: bigint): Buffer {
  return varint((value << 1n) ^ (value >> 63n));
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
