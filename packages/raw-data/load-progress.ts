import type { RawTable } from './raw-tables';

/** How far a load has come; for progress lines and heartbeats. */
export interface LoadProgress {
  readonly table: RawTable;
  readonly phase: 'reading' | 'loaded';
  readonly rows: number;
}
