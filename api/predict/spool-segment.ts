import { open, stat, type FileHandle } from 'node:fs/promises';

/** One file of the spool while it is written: whole texts are added to its end, or nothing. */
export class SpoolSegment {
  private bytes = 0;
  rows = 0;

  private constructor(
    readonly file: string,
    private readonly handle: FileHandle,
  ) {}

  /** Makes the file, which only its owner can read; it must not be there yet. */
  static async create(file: string): Promise<SpoolSegment> {
    return new SpoolSegment(file, await open(file, 'wx', 0o600));
  }

  get size(): number {
    return this.bytes;
  }

  /**
   * Adds a text of so many rows. When the disk refuses it, nothing of it stays.
   *
   * @returns false when the file no longer has its name, because another process took it over: it
   *   may have been read before the text was there.
   */
  async append(text: string, rows: number): Promise<boolean> {
    const content = Buffer.from(text);
    try {
      for (let done = 0; done < content.length;) {
        const { bytesWritten } = await this.handle.write(content, done, null, this.bytes + done);
        done += bytesWritten;
      }
    } catch (error) {
      await this.handle.truncate(this.bytes).catch(() => {});
      throw error;
    }
    this.bytes += content.length;
    this.rows += rows;
    return this.isInPlace();
  }

  /** Has the file on disk, as far as that succeeds, and closes it. */
  async close(): Promise<void> {
    await this.handle.datasync().catch(() => {});
    await this.handle.close();
  }

  private async isInPlace(): Promise<boolean> {
    const [mine, named] = await Promise.all([
      this.handle.stat(),
      stat(this.file).catch(() => undefined),
    ]);
    return named?.ino === mine.ino;
  }
}
