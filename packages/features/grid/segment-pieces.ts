import { quoteFiles, readParquet } from '../../duckdb';

/** Eight row groups: enough that a query's fixed cost is lost in it. */
export const ROWS_PER_PIECE = 8 * 122_880;

/** A segment and how many rows it has. */
export interface CountedSegment {
  readonly file: string;
  readonly rows: number;
}

/** Rows of the raw log: whole files, or of each some rows, from (inclusive) until (exclusive). */
export interface SegmentPiece {
  readonly files: readonly string[];
  readonly rows?: { readonly from: number; readonly until: number };
}

/**
 * Cuts segments, in their order, into pieces of at most so many rows. Small segments stay whole and
 * share pieces; a large one is cut. Together the pieces are every row once.
 */
export function cutIntoPieces(
  segments: readonly CountedSegment[],
  rowsMax: number,
): SegmentPiece[] {
  const pieces: SegmentPiece[] = [];
  let files: string[] = [];
  let rows = 0;
  const endPiece = () => {
    if (files.length > 0) pieces.push({ files });
    files = [];
    rows = 0;
  };
  for (const segment of segments) {
    if (rows + segment.rows > rowsMax) endPiece();
    if (segment.rows > rowsMax) {
      pieces.push(...cutSegment(segment, rowsMax));
    } else {
      files.push(segment.file);
      rows += segment.rows;
    }
  }
  endPiece();
  return pieces;
}

function cutSegment({ file, rows }: CountedSegment, rowsMax: number): SegmentPiece[] {
  return Array.from({ length: Math.ceil(rows / rowsMax) }, (_, index) => ({
    files: [file],
    rows: { from: index * rowsMax, until: Math.min((index + 1) * rowsMax, rows) },
  }));
}

/** The piece of the first rows of segments, and maybe a few more of each. */
export function firstRowsOf(segments: readonly CountedSegment[]): SegmentPiece[] {
  if (segments.length === 0) return [];
  const until = Math.max(...segments.map(({ rows }) => rows));
  return [{ files: segments.map(({ file }) => file), rows: { from: 0, until } }];
}

/** SQL for the rows of a piece; only their own row groups are read. */
export function readPiece({ files, rows }: SegmentPiece): string {
  if (!rows) return readParquet(files);
  return `(FROM read_parquet(${quoteFiles(files)}, hive_partitioning = false, file_row_number = true)
    WHERE file_row_number >= ${rows.from} AND file_row_number < ${rows.until})`;
}
