/**
 * Which stream a shard iterator or a page token of ListShards belongs to: they name no stream that one could read, and
 * AWS authorizes by stream. The oldest are forgotten first; AWS lets an iterator live for five minutes anyway.
 */
export class IssuedTokens {
  readonly #streams = new Map<string, string>();

  constructor(private readonly capacity = 50_000) {}

  remember(token: unknown, streamArn: string): void {
    if (typeof token !== "string") return;
    this.#streams.set(token, streamArn);
    if (this.#streams.size <= this.capacity) return;
    const [oldest] = this.#streams.keys();
    if (oldest !== undefined) this.#streams.delete(oldest);
  }

  streamOf(token: unknown): string | undefined {
    return typeof token === "string" ? this.#streams.get(token) : undefined;
  }
}
