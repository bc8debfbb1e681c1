/** A request's target without its query, which may hold what an answer or a log must not repeat. */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}
