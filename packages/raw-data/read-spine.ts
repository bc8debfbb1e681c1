import { ChurnError } from '../contracts';
import { quoteIdentifier, saidByDuckDb, type DuckDb } from '../duckdb';
import { microsSql } from './values/epoch-sql';
import { epochUnitOf } from './values/settle-times';
import { trimmedSql } from './values/text-sql';
import { timeSql } from './values/time-sql';
import { csvRelation } from './sources/csv-source';
import { readCsvHeader } from './sources/text/read-csv-header';

/**
 * Reads a spine file, a CSV with the columns user_id and time, into the table `spine(user_id, t)`:
 * rows 0, 1, … (rowid) in the file's order, empty lines left out; t in epoch microseconds, NULL for a
 * time that is none. Values may look as in an import.
 *
 * @returns How many rows it has.
 * @throws ChurnError INVALID_SPINE when the file can't be read as such; nothing has been changed.
 */
export async function readSpine(duckDb: DuckDb, file: string): Promise<number> {
  const header = await readCsvHeader(file, missingOfSpine).catch((error: NodeJS.ErrnoException) => {
    throw refuse(`it can't be read (${error.code ?? error.message})`);
  });
  if (header === null) throw refuse('it has no header line; the first line must be user_id,time');
  const column = (name: string) => {
    const { names } = header;
    const places = [...names.keys()].filter((index) => names[index] === name);
    if (places.length === 0) throw refuse(`it has no column ${name}`);
    if (places.length > 1) throw refuse(`it has column ${name} twice`);
    return quoteIdentifier(`c${places[0]}`);
  };
  const relation = csvRelation(file, header.names.length, header);
  const [userId, time] = [column('user_id'), column('time')];
  try {
    const unit = await epochUnitOf(duckDb, relation, { identifier: time });
    const micros = unit ? microsSql('"time"', unit) : `epoch_us(${timeSql('"time"', 'text')})`;
    await duckDb.run(`CREATE OR REPLACE TEMP TABLE spine AS
      SELECT coalesce(user_id, '') AS user_id, ${micros} AS t
      FROM (SELECT ${trimmedSql(userId)} AS user_id, ${trimmedSql(time)} AS "time" FROM ${relation})`);
  } catch (error) {
    const said = saidByDuckDb(error);
    if (said === undefined) throw error;
    const [line] = said.split('\n');
    throw refuse(`one of its lines is not valid CSV (${line})`, error);
  }
  const [row] = await duckDb.rows<{ n: bigint }>('SELECT count(*) AS n FROM spine');
  return Number(row!.n);
}

function missingOfSpine(names: readonly string[]): string[] {
  return ['user_id', 'time'].filter((name) => !names.includes(name));
}

function refuse(problem: string, cause?: unknown): ChurnError {
  return new ChurnError('INVALID_SPINE', { problem }, { cause });
}
