import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryIn } from '../../packages/durable-files';
import { ownerText, parseOwner, showsAlive, takeFromGone, type SpoolOwner } from './spool-owner';

export interface PredictionCounts {
  /** Answered, but neither logged nor kept. */
  readonly dropped: number;
  /** Written to a file because the database did not take them. */
  readonly spooled: number;
}

interface CountsFile {
  readonly id: string;
  readonly owner: SpoolOwner;
}

const none: PredictionCounts = { dropped: 0, spooled: 0 };

/**
 * Counts that go on after a restart: each process has a file of its own, and one that starts takes
 * over those of processes that are gone. The counts of all processes add up to those of the
 * installation.
 */
export class SpoolCounts {
  private own: PredictionCounts = none;
  /** By the name of the file: one that another machine took, and left, is counted once. */
  private readonly inherited = new Map<string, PredictionCounts>();
  private file: string;
  private isSaved = true;
  private hasFile = false;

  constructor(
    private readonly folder: string,
    private readonly owner: SpoolOwner,
  ) {
    this.file = nameOf({ id: owner.instance, owner });
  }

  get total(): PredictionCounts {
    return [...this.inherited.values()].reduce(sum, this.own);
  }

  add(counts: Partial<PredictionCounts>): void {
    this.own = sum(this.own, { ...none, ...counts });
    this.isSaved = false;
  }

  /**
   * Takes over the counts of processes that are gone, among the `names` in the folder.
   *
   * @param onProblem  Told of a file that can't be taken over, which does not keep the others.
   */
  async adopt(names: readonly string[], onProblem: (error: unknown) => void): Promise<void> {
    for (const name of names) {
      const found = parse(name);
      if (found) await this.adoptFile(name, found).catch(onProblem);
    }
  }

  private async adoptFile(name: string, { id, owner }: CountsFile): Promise<void> {
    const file = nameOf({ id, owner: this.owner });
    const newFile = path.join(this.folder, file);
    const taken = await takeFromGone(path.join(this.folder, name), owner, () => newFile);
    if (taken === undefined) return;
    const counts = await this.read(file);
    // This process's own file, which another machine had taken: its counts are known.
    if (file === this.file && this.hasFile) this.isSaved = false;
    else if (this.hasFile) this.inherited.set(file, counts);
    else {
      // Goes on in this file, so that a restart does not leave one more.
      this.file = file;
      this.hasFile = true;
      this.own = sum(this.own, counts);
    }
  }

  /** Writes the counts if they have changed. */
  async save(): Promise<void> {
    if (this.isSaved) return;
    this.isSaved = true;
    const temporary = temporaryIn(this.folder);
    try {
      await writeFile(temporary, JSON.stringify(this.own), { mode: 0o600 });
      await rename(temporary, path.join(this.folder, this.file));
      this.hasFile = true;
    } catch (error) {
      this.isSaved = false;
      throw error;
    }
  }

  /** Lets processes on other machines see that this one lives. */
  async touch(): Promise<void> {
    const files = [...(this.hasFile ? [this.file] : []), ...this.inherited.keys()];
    for (const file of files) await showsAlive(path.join(this.folder, file));
  }

  /** A file cut short by a power cut counts as none. */
  private async read(name: string): Promise<PredictionCounts> {
    try {
      const text = await readFile(path.join(this.folder, name), 'utf8');
      const { dropped, spooled } = JSON.parse(text) as Partial<PredictionCounts>;
      return { dropped: Number(dropped) || 0, spooled: Number(spooled) || 0 };
    } catch {
      return none;
    }
  }
}

function nameOf({ id, owner }: CountsFile): string {
  return `counts.${id}.${ownerText(owner)}.json`;
}

function parse(name: string): CountsFile | undefined {
  const match = /^counts\.([0-9a-f]{8})\.(.+)\.json$/.exec(name);
  const owner = match?.[2] === undefined ? undefined : parseOwner(match[2]);
  return match?.[1] !== undefined && owner ? { id: match[1], owner } : undefined;
}

function sum(a: PredictionCounts, b: PredictionCounts): PredictionCounts {
  return { dropped: a.dropped + b.dropped, spooled: a.spooled + b.spooled };
}
