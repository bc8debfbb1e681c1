/** What one process asks another. */
export type ProcessSubject = 'health' | 'metrics' | 'refresh-model';

/** What passes between the parent and a child. */
export type ProcessMessage =
  | { readonly kind: 'question'; readonly id: number; readonly subject: ProcessSubject }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly problem: string }
  /** Of a child: everything is open, but it does not listen yet. */
  | { readonly kind: 'ready' }
  /** To a child that is ready. */
  | { readonly kind: 'listen' }
  | { readonly kind: 'serving' }
  /** Of a child that ends because it can't start. */
  | { readonly kind: 'start-failed'; readonly problem: string };

export interface ProcessChannelOptions {
  readonly send: (message: ProcessMessage) => void;
  readonly respond: (subject: ProcessSubject) => Promise<unknown>;
  /** A question without an answer fails after so long. */
  readonly timeoutMs: number;
}

interface OpenQuestion {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** One end of a channel between two processes, over which each can ask the other. */
export class ProcessChannel {
  private readonly open = new Map<number, OpenQuestion>();
  private lastId = 0;

  constructor(private readonly options: ProcessChannelOptions) {}

  /** @throws Error where the other process fails to answer, or does not in time. */
  ask(subject: ProcessSubject): Promise<unknown> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.open.delete(id);
        reject(new Error('another process of the API does not answer'));
      }, this.options.timeoutMs);
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.open.delete(id);
        finish();
      };
      this.open.set(id, {
        resolve: (answer) => settle(() => resolve(answer)),
        reject: (error) => settle(() => reject(error)),
      });
      this.options.send({ kind: 'question', id, subject });
    });
  }

  receive(message: ProcessMessage): void {
    if (message.kind === 'question') void this.answer(message.id, message.subject);
    if (message.kind === 'answer') this.open.get(message.id)?.resolve(message.answer);
    if (message.kind === 'failure') this.open.get(message.id)?.reject(new Error(message.problem));
  }

  private async answer(id: number, subject: ProcessSubject): Promise<void> {
    try {
      const answer = await this.options.respond(subject);
      this.options.send({ kind: 'answer', id, answer });
    } catch (error) {
      this.options.send({ kind: 'failure', id, problem: String(error) });
    }
  }
}
