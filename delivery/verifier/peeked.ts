/** The first few items of a sequence, and the whole of it, which is still to be read. */
export interface Peeked<T> {
  first: T[];
  all: AsyncIterable<T>;
}

export async function peeked<T>(items: AsyncIterable<T>, most: number): Promise<Peeked<T>> {
  const iterator = items[Symbol.asyncIterator]();
  const first: T[] = [];
  let isDone = false;
  while (first.length < most && !isDone) {
    const { value, done } = await iterator.next();
    if (done) isDone = true;
    else first.push(value);
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
