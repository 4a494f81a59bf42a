/** The first few items of a sequence, and the whole of it, which is still to be read. */
export interface Peeked<T> {
  first: T[];
  all: AsyncIterable<T>;
}

/** @param isEnough whether no more of the first items are needed. */
export async function peeked<T>(
  items: AsyncIterable<T>,
  isEnough: (first: T[]) => boolean,
): Promise<Peeked<T>> {
  const iterator = items[Symbol.asyncIterator]();
  const first: T[] = [];
  for (let isDone = false; !isDone && !isEnough(first); ) {
    const next = await iterator.next();
    if (next.done) isDone = true;
    else first.push(next.value);
  }
  return { first, all: rejoined(first, iterator) };
}

async function* rejoined<T>(first: T[], rest: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    yield* first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
