export interface LoadResult {
  /** Requests answered, those of the warm-up too. */
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @param latenciesMs Of the requests that were measured, in `seconds`. */
export function loadResult(
  latenciesMs: readonly number[],
  { answered, seconds }: { readonly answered: number; readonly seconds: number },
): LoadResult {
  const sorted = Float64Array.from(latenciesMs).sort();
  const quantile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? NaN;
  return {
    answered,
    perSecond: sorted.length / seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}
