/**
 * Which dates of its range a backfill computes (design of the workflows, docs/OPERATIONS.md).
 * `missing`: never run, claim expired, definitions changed, or other knowledge asked for;
 * `missing-and-failed`: those that failed too; `all`: those that succeeded too.
 */
export const reprocessWords = ['missing', 'missing-and-failed', 'all'] as const;

export type Reprocess = (typeof reprocessWords)[number];

/** The words of releases before these. Running workflows and recorded plans may still hold them. */
const formerWords = { none: 'missing', failed: 'missing-and-failed', completed: 'all' } as const;

export type FormerReprocess = keyof typeof formerWords;

/** A request as a workflow's input or a recorded plan holds it. */
interface RecordedRequest {
  readonly reprocess: Reprocess | FormerReprocess;
}

/** The request with the present word in the place of one of a former release. */
export function withPresentReprocess<T extends RecordedRequest>(
  request: T,
): T & { readonly reprocess: Reprocess } {
  const { reprocess } = request;
  return { ...request, reprocess: isFormer(reprocess) ? formerWords[reprocess] : reprocess };
}

function isFormer(word: Reprocess | FormerReprocess): word is FormerReprocess {
  return Object.hasOwn(formerWords, word);
}
