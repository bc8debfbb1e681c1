import { mkdir, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { oneAtATime } from '../../packages/bounded-tasks';
import { ChurnError, type LoggedPrediction } from '../../packages/contracts';
import { requireWritable, storageError, systemCode } from '../../packages/durable-files';
import { SpoolCounts, type PredictionCounts } from './spool-counts';
import {
  createOrders,
  formerOrder,
  isFormerSpool,
  parseSpoolFileName,
  spoolFileName,
} from './spool-file-name';
import {
  ignoreMissing,
  registerOwner,
  releaseOwner,
  renameIfThere,
  showsAlive,
  takeFromGone,
} from './spool-owner';
import { SpoolSegment } from './spool-segment';

/** Predictions in files, while the database is down. */
export interface PredictionSpool {
  /** How many are in files of this process and were not handed over yet. */
  readonly waiting: number;
  /** Of this process and of those whose files it took over. */
  readonly counts: PredictionCounts;
  /** Why no prediction can be spooled; undefined while it can. */
  readonly problem: ChurnError | undefined;
  /** Looks, now and then, whether files can be written, and takes over those that processes left which are gone. */
  survey(): Promise<void>;
  /** Adds predictions behind all others. @throws ChurnError STORAGE_UNAVAILABLE; none is added then. */
  append(rows: readonly LoggedPrediction[]): Promise<void>;
  /**
   * Hands over the oldest file, and removes it once `write` has succeeded for all of it.
   *
   * @returns false when there was none.
   * @throws what `write` throws; the file stays.
   */
  loadOldest(write: (rows: readonly LoggedPrediction[]) => Promise<void>): Promise<boolean>;
  countDropped(predictions: number): void;
  /** Leaves everything to the next process. */
  close(): Promise<void>;
}

export interface PredictionSpoolOptions {
  readonly logsDir: string;
  /** Nothing is spooled while more of the disk is in use, as `df` shows it. */
  readonly diskPercent: number;
  readonly logger: Logger;
  /** A file that has reached it is followed by another one. */
  readonly segmentBytes?: number;
  /** How often `survey` looks. Well below a minute, after which other machines take files over. */
  readonly surveyIntervalMs?: number;
}

/** Of a file that nobody writes to any more; `rows` may count a line that was cut short. */
interface WholeFile {
  readonly name: string;
  readonly rows: number;
}

const SURVEY_INTERVAL_MS = 30_000;
const SAVE_INTERVAL_MS = 1_000;
const DISK_CHECK_INTERVAL_MS = 1_000;
const SEGMENT_BYTES = 2 * 1024 * 1024;

/**
 * Files in `<logsDir>/predictions-spool`, one prediction a line. Each process writes to files of its
 * own, whose names say whose they are, when they were begun and, once they are whole, how many rows
 * they have. A process that finds files of one that is gone takes them over, by renaming them. If
 * that one lives after all (on another machine), it notices at its next append that the file has
 * another name, and writes the same rows to a new one: twice is once, as predictions have ids.
 */
export function filePredictionSpool(options: PredictionSpoolOptions): PredictionSpool {
  return new FilePredictionSpool(options);
}

class FilePredictionSpool implements PredictionSpool {
  problem: ChurnError | undefined;
  private readonly folder: string;
  private readonly owner = registerOwner();
  private readonly savedCounts: SpoolCounts;
  private readonly inTurn = oneAtATime();
  private readonly isSurveyDue: () => boolean;
  private readonly isSaveDue = every(SAVE_INTERVAL_MS);
  private readonly isDiskCheckDue = every(DISK_CHECK_INTERVAL_MS);
  private whole: readonly WholeFile[] = [];
  /** Whole files that could not be read when it was their turn; the next survey puts them back. */
  private unreadable: readonly WholeFile[] = [];
  private segment: SpoolSegment | undefined;
  private readonly nextOrder = createOrders(Date.now);

  constructor(private readonly options: PredictionSpoolOptions) {
    this.folder = path.join(options.logsDir, 'predictions-spool');
    this.savedCounts = new SpoolCounts(this.folder, this.owner);
    this.isSurveyDue = every(options.surveyIntervalMs ?? SURVEY_INTERVAL_MS);
  }

  get waiting(): number {
    return this.whole.reduce((sum, { rows }) => sum + rows, this.segment?.rows ?? 0);
  }

  get counts(): PredictionCounts {
    return this.savedCounts.total;
  }

  async survey(): Promise<void> {
    if (this.isSaveDue()) await this.savedCounts.save().catch(() => {});
    if (!this.isSurveyDue()) return;
    await this.noticingProblems(async () => {
      await this.requireRoom();
      await requireWritable(this.folder);
    }).catch(() => {});
    // Where files can't be renamed, they wait for a process that can.
    await this.inTurn(() => this.adopt()).catch((error: unknown) => this.noticeUnlessKnown(error));
  }

  async append(rows: readonly LoggedPrediction[]): Promise<void> {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await this.noticingProblems(async () => {
      if (this.isDiskCheckDue()) await this.requireRoom();
      else if (this.problem) throw this.problem;
      await this.inTurn(() => this.write(text, rows.length));
    });
    this.savedCounts.add({ spooled: rows.length });
  }

  async loadOldest(write: (rows: readonly LoggedPrediction[]) => Promise<void>): Promise<boolean> {
    if (this.whole.length === 0) await this.inTurn(() => this.endSegment());
    const [oldest] = this.whole;
    if (!oldest) return false;
    const text = await this.read(oldest);
    if (text !== undefined) {
      const { rows, unreadable } = parseLines(text);
      await write(rows);
      if (unreadable > 0) {
        this.options.logger.warn(
          { file: oldest.name, unreadable },
          'lines of spooled predictions that were cut short were left out',
        );
      }
      await rm(this.pathOf(oldest.name)).catch((error: unknown) => this.notice(error));
    }
    this.whole = this.whole.filter((file) => file !== oldest);
    return true;
  }

  countDropped(predictions: number): void {
    this.savedCounts.add({ dropped: predictions });
  }

  async close(): Promise<void> {
    await this.inTurn(() => this.endSegment());
    await this.savedCounts.save().catch(() => {});
    releaseOwner(this.owner);
  }

  private async write(text: string, rows: number): Promise<void> {
    let isKept = false;
    while (!isKept) {
      this.segment ??= await this.beginSegment();
      isKept = await this.segment.append(text, rows);
      if (isKept) continue;
      // Another process has taken it over, with the rows that it had before.
      await this.closeSegment();
    }
    const { segmentBytes = SEGMENT_BYTES } = this.options;
    if (this.segment && this.segment.size >= segmentBytes) await this.endSegment();
  }

  private async beginSegment(): Promise<SpoolSegment> {
    await this.makeFolder();
    return SpoolSegment.create(this.pathOf(await this.freeName(this.nextOrder(), undefined)));
  }

  private async endSegment(): Promise<void> {
    const segment = await this.closeSegment();
    if (segment) await this.keepAsWhole(path.basename(segment.file), segment.rows);
  }

  /** A file that can't be closed is left all the same: nothing can be added to it any more. */
  private async closeSegment(): Promise<SpoolSegment | undefined> {
    const { segment } = this;
    this.segment = undefined;
    await segment?.close().catch((error: unknown) => this.notice(error));
    return segment;
  }

  /** Counts a file of this process among the whole ones, under a name that says its rows if it can have one. */
  private async keepAsWhole(openName: string, rows: number): Promise<WholeFile> {
    const order = parseSpoolFileName(openName)?.order ?? this.nextOrder();
    let name = openName;
    try {
      const counted = await this.freeName(order, rows);
      await rename(this.pathOf(openName), this.pathOf(counted));
      name = counted;
    } catch {
      // It keeps the name of a file that is written.
    }
    return this.keep({ name, rows });
  }

  private keep(file: WholeFile): WholeFile {
    this.whole = [...this.whole, file].sort(byName);
    return file;
  }

  /**
   * A name that no file has. Files of two processes may have the same order, and a rename would
   * replace one by the other. Nobody else makes names of this process, so it stays free.
   */
  private async freeName(order: string, rows: number | undefined): Promise<string> {
    let name = spoolFileName({ order, rows, owner: this.owner });
    // A zero more sorts behind the same order, and before the next one.
    for (let free = `${order}0`; await stat(this.pathOf(name)).catch(ignoreMissing); free += '0') {
      name = spoolFileName({ order: free, rows, owner: this.owner });
    }
    return name;
  }

  private async adopt(): Promise<void> {
    await this.holdFiles();
    const names = (await readdir(this.folder).catch(ignoreMissing)) ?? [];
    await this.savedCounts.touch();
    await this.savedCounts.adopt(names, (error) => this.noticeUnlessKnown(error));
    const adopted = [...(await this.adoptFormer()), ...(await this.adoptOrphans(names))];
    if (adopted.length === 0) return;
    const predictions = adopted.reduce((sum, { rows }) => sum + rows, 0);
    this.options.logger.info(
      { predictions, files: adopted.length },
      'predictions that were spooled by processes that are gone will be logged',
    );
  }

  /** Lets other machines see that this process lives, and forgets files that one took all the same. */
  private async holdFiles(): Promise<void> {
    this.whole = [...this.whole, ...this.unreadable].sort(byName);
    this.unreadable = [];
    if (this.segment) await showsAlive(this.segment.file);
    const taken = new Set<WholeFile>();
    for (const file of this.whole) {
      if (!(await showsAlive(this.pathOf(file.name)))) taken.add(file);
    }
    this.whole = this.whole.filter((file) => !taken.has(file));
  }

  private async adoptOrphans(names: readonly string[]): Promise<WholeFile[]> {
    const adopted: WholeFile[] = [];
    for (const name of names) {
      const parsed = parseSpoolFileName(name);
      if (!parsed || parsed.owner.instance === this.owner.instance) continue;
      try {
        const { order, rows, owner } = parsed;
        const newName = () => this.freeName(order, rows).then((free) => this.pathOf(free));
        const taken = await takeFromGone(this.pathOf(name), owner, newName);
        if (taken !== undefined) adopted.push(await this.keepTaken(path.basename(taken), rows));
      } catch (error) {
        // One file that can't be taken over does not keep the others.
        this.noticeUnlessKnown(error);
      }
    }
    return adopted;
  }

  private async adoptFormer(): Promise<WholeFile[]> {
    const { logsDir } = this.options;
    const names = (await readdir(logsDir).catch(ignoreMissing)) ?? [];
    const adopted: WholeFile[] = [];
    for (const [index, name] of names.filter(isFormerSpool).sort().entries()) {
      const free = await this.freeName(formerOrder(index), undefined);
      const taken = await renameIfThere(path.join(logsDir, name), this.pathOf(free));
      if (taken !== undefined) adopted.push(await this.keepTaken(free, undefined));
    }
    return adopted;
  }

  /** A file that has a name of this process's own by now. */
  private async keepTaken(name: string, rows: number | undefined): Promise<WholeFile> {
    if (rows !== undefined) return this.keep({ name, rows });
    return this.keepAsWhole(name, await countLines(this.pathOf(name)));
  }

  /** Undefined where there is nothing to hand over: another process took it, or it can't be read now. */
  private async read(file: WholeFile): Promise<string | undefined> {
    try {
      return await readFile(this.pathOf(file.name), 'utf8');
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') {
        this.notice(error);
        this.unreadable = [...this.unreadable, file];
      }
      return undefined;
    }
  }

  /** @throws ChurnError STORAGE_UNAVAILABLE when as much of the disk is in use as may be. */
  private async requireRoom(): Promise<void> {
    const { diskPercent } = this.options;
    await this.makeFolder();
    const { blocks, bfree, bavail } = await statfs(this.folder);
    const used = blocks - bfree;
    const percent = (100 * used) / Math.max(used + bavail, 1);
    if (percent < diskPercent) return;
    const problem = `${percent.toFixed(1)} % of its disk is in use, and predictions are kept in files up to CHURN_SPOOL_DISK_PERCENT (${diskPercent})`;
    throw new ChurnError('STORAGE_UNAVAILABLE', { problem });
  }

  private async noticingProblems(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const problem = error instanceof ChurnError ? error : storageError(error);
      if (!this.problem) {
        this.options.logger.error(
          { err: problem },
          'predictions can not be spooled: while the database is down, they only wait in memory',
        );
      }
      this.problem = problem;
      throw problem;
    }
    if (this.problem) this.options.logger.info('predictions can be spooled again');
    this.problem = undefined;
  }

  /** Where no file can be written, that was said already. */
  private noticeUnlessKnown(error: unknown): void {
    if (!this.problem) this.notice(error);
  }

  private notice(error: unknown): void {
    this.options.logger.warn(
      { err: storageError(error) },
      'a file of the prediction spool is left',
    );
  }

  private async makeFolder(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  private pathOf(name: string): string {
    return path.join(this.folder, name);
  }
}

/** A line cut short by a crash is counted and left out. */
function parseLines(text: string): { rows: LoggedPrediction[]; unreadable: number } {
  const lines = text.split('\n').filter((line) => line !== '');
  const rows = lines.flatMap((line) => parseLine(line) ?? []);
  return { rows, unreadable: lines.length - rows.length };
}

function parseLine(line: string): LoggedPrediction | undefined {
  try {
    const row = JSON.parse(line) as LoggedPrediction | null;
    return typeof row?.predictionId === 'string' ? row : undefined;
  } catch {
    return undefined;
  }
}

async function countLines(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '').length;
}

/** True at the first call, and then at the first one after each interval. */
function every(intervalMs: number): () => boolean {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next) return false;
    next = now + intervalMs;
    return true;
  };
}

function byName(a: WholeFile, b: WholeFile): number {
  return a.name < b.name ? -1 : 1;
}
