/**
 * What each item comes to, in order. While one result is used, that of the next item is on its way;
 * it is waited for when the reader stops early.
 */
export async function* oneAhead<Item, Result>(
  items: readonly Item[],
  begin: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const start = (item: Item) => {
    const result = begin(item);
    result.catch(() => {}); // It may fail before it is waited for, which is where it is noticed.
    return result;
  };
  let pending = items.slice(0, 1).map(start);
  try {
    for (let index = 0; index < items.length; index += 1) {
      const result = await pending[0]!;
      pending = items.slice(index + 1, index + 2).map(start);
      yield result;
    }
  } finally {
    await Promise.allSettled(pending);
  }
}
