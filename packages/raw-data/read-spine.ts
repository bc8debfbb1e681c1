import path from 'node:path';
import { ChurnError, isChurnError } from '../contracts';
import { quoteIdentifier, saidByDuckDb, type DuckDb } from '../duckdb';
import { withScratch } from './scratch';
import { microsSql } from './values/epoch-sql';
import { epochUnitOf } from './values/settle-times';
import { trimmedSql } from './values/text-sql';
import { timeSql } from './values/time-sql';
import { openCsv, relationOfCsv, type OpenCsv } from './sources/csv-source';
import { rewrittenFile } from './sources/text/plain-text';
import { findCompression } from './sources/text/unpack-file';
import { whyUnread } from './sources/text/why-unread';

/** What messages call the file: they begin with "The spine file can't be used:". */
const LABEL = 'it';

/**
 * Reads a spine file, a CSV with the columns user_id and time, into the table `spine(user_id, t)`:
 * rows 0, 1, … (rowid) in the file's order, empty lines left out; t in epoch microseconds, NULL for a
 * time that is none. The file and its values may look as in an import: packed, in UTF-16, with
 * another delimiter.
 *
 * @param scratchDir  A folder that `duckDb` may read, for a text that must be written out anew.
 * @returns How many rows it has.
 * @throws ChurnError INVALID_SPINE when the file can't be read as such; nothing has been changed.
 */
export async function readSpine(
  duckDb: DuckDb,
  { file, scratchDir }: { readonly file: string; readonly scratchDir: string },
): Promise<number> {
  return withScratch(path.resolve(scratchDir), async (scratch) => {
    const rewritten = rewrittenFile(scratch, 0);
    try {
      const opened = await openSpine(file, rewritten);
      const [userId, time] = columnsOf(opened);
      const { relation } = await relationOfCsv(opened, rewritten);
      return await fillSpine(duckDb, { relation, userId, time });
    } catch (error) {
      throw asSpineError(error);
    }
  });
}

async function openSpine(file: string, rewritten: string): Promise<OpenCsv> {
  const compression = await findCompression(file);
  const missing = missingOfSpine;
  return openCsv({ label: LABEL, file }, { compression, rewritten, missing });
}

function columnsOf({ header: { names } }: OpenCsv): [userId: string, time: string] {
  const column = (name: string) => {
    const places = [...names.keys()].filter((index) => names[index] === name);
    if (places.length === 0) throw refuse(`it has no column ${name}`);
    if (places.length > 1) throw refuse(`it has column ${name} twice`);
    return quoteIdentifier(`c${places[0]}`);
  };
  return [column('user_id'), column('time')];
}

async function fillSpine(
  duckDb: DuckDb,
  { relation, userId, time }: { relation: string; userId: string; time: string },
): Promise<number> {
  const unit = await epochUnitOf(duckDb, relation, { identifier: time });
  const micros = unit ? microsSql('"time"', unit) : `epoch_us(${timeSql('"time"', 'text')})`;
  await duckDb.run(`CREATE OR REPLACE TEMP TABLE spine AS
    SELECT coalesce(user_id, '') AS user_id, ${micros} AS t
    FROM (SELECT ${trimmedSql(userId)} AS user_id, ${trimmedSql(time)} AS "time" FROM ${relation})`);
  const [row] = await duckDb.rows<{ n: bigint }>('SELECT count(*) AS n FROM spine');
  return Number(row!.n);
}

function missingOfSpine(names: readonly string[]): string[] {
  return ['user_id', 'time'].filter((name) => !names.includes(name));
}

/** A file that is no CSV is refused as an import is, but as a spine. */
function asSpineError(error: unknown): unknown {
  const said = saidByDuckDb(error);
  if (said !== undefined) {
    const [line] = said.split('\n');
    return refuse(`one of its lines is not valid CSV (${line})`, error);
  }
  const known = whyUnread(LABEL, error);
  return isChurnError(known) && known.code === 'INVALID_IMPORT'
    ? refuse(String(known.details.problem), error)
    : known;
}

function refuse(problem: string, cause?: unknown): ChurnError {
  return new ChurnError('INVALID_SPINE', { problem }, { cause });
}
