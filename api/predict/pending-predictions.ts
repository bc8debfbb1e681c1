import type { LoggedPrediction } from '../../packages/contracts';
import { formatInstant } from '../../packages/instants';
import type { PendingPrediction } from '../ports';

/** Predictions in memory, oldest first: a ring of `capacity` places. */
export class PendingPredictions {
  private readonly ring: (PendingPrediction | undefined)[];
  private readonly formatMillis = createMillisFormatter();
  private first = 0;
  private count = 0;

  constructor(readonly capacity: number) {
    this.ring = new Array<PendingPrediction | undefined>(capacity);
  }

  get size(): number {
    return this.count;
  }

  /** False when there is no place left; nothing has changed then. */
  add(prediction: PendingPrediction): boolean {
    if (this.count === this.capacity) return false;
    this.ring[(this.first + this.count) % this.capacity] = prediction;
    this.count += 1;
    return true;
  }

  /** The oldest `count` of them, or all when there are fewer; they stay where they are. */
  peek(count: number): LoggedPrediction[] {
    return Array.from({ length: Math.min(count, this.count) }, (_, offset) => {
      const { predictedAtMillis, ...rest } = this.ring[(this.first + offset) % this.capacity]!;
      return { ...rest, predictedAt: this.formatMillis(predictedAtMillis) };
    });
  }

  /** Forgets the oldest `count` of them. */
  discard(count: number): void {
    for (let done = 0; done < count; done += 1) {
      this.ring[this.first] = undefined;
      this.first = (this.first + 1) % this.capacity;
    }
    this.count -= count;
  }
}

/** Many predictions share a millisecond: its text is made once. */
function createMillisFormatter(): (millis: number) => string {
  let last = NaN;
  let text = '';
  return (millis) => {
    if (millis !== last) {
      text = formatInstant(BigInt(millis) * 1000n);
      last = millis;
    }
    return text;
  };
}
