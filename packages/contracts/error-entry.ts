/** An error of the catalogue. */
export interface ErrorEntry {
  /** What happened and what to do; `{name}` is filled from the details. */
  readonly message: string;
  readonly httpStatus: number;
  /** Whether trying again without changing anything can help. */
  readonly retryable: boolean;
}
