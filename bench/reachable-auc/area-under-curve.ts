/**
 * The share of pairs of one churned and one kept row in which the churned has the higher score;
 * ties count half (Mann–Whitney). NaN when there is only one class.
 */
export function areaUnderCurve(scores: readonly number[], churned: readonly boolean[]): number {
  const order = scores.map((_, row) => row).sort((left, right) => scores[left]! - scores[right]!);
  const positives = churned.filter(Boolean).length;
  let rankSum = 0;
  for (let first = 0; first < order.length;) {
    let end = first;
    while (end < order.length && scores[order[end]!] === scores[order[first]!]) end += 1;
    const middleRank = (first + 1 + end) / 2;
    for (let place = first; place < end; place += 1) {
      if (churned[order[place]!]) rankSum += middleRank;
    }
    first = end;
  }
  const pairs = positives * (scores.length - positives);
  return (rankSum - (positives * (positives + 1)) / 2) / pairs;
}
