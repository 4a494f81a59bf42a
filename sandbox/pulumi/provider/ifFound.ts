/** What the work gives, or undefined where the service says by this error that there is no such thing. */
export async function ifFound<T>(
  notFound: abstract new (...args: never[]) => Error,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof notFound) return undefined;
    throw error;
  }
}
