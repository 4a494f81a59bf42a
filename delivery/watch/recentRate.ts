/** So many seconds are kept. */
const SECONDS = 60;
/** The rate is that of so many whole seconds before now. */
const RATE_SECONDS = 10;

/** How many came in each of the last 60 seconds. */
export class RecentRate {
  readonly #counts = new Array<number>(SECONDS).fill(0);
  #second: number;
  readonly #firstSecond: number;

  /** @param now in ms since 1970, as everywhere here. */
  constructor(now: number) {
    this.#second = Math.floor(now / 1000);
    this.#firstSecond = this.#second;
  }

  add(count: number, now: number): void {
    this.#moveTo(now);
    const at = this.#second % SECONDS;
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  /** A second, over the last ten whole seconds; over fewer, and the one under way, at the beginning. */
  perSecond(now: number): number {
    this.#moveTo(now);
    const whole = Math.min(RATE_SECONDS, this.#second - this.#firstSecond);
    if (whole === 0) return this.#countAt(0);
    let sum = 0;
    for (let ago = 1; ago <= whole; ago += 1) sum += this.#countAt(ago);
    return sum / whole;
  }

  /** In each of the last 60 seconds, the one under way last. */
  lastMinute(now: number): number[] {
    this.#moveTo(now);
    return Array.from({ length: SECONDS }, (_, index) => this.#countAt(SECONDS - 1 - index));
  }

  #countAt(secondsAgo: number): number {
    const index = (((this.#second - secondsAgo) % SECONDS) + SECONDS) % SECONDS;
    return this.#counts[index] ?? 0;
  }

  /** A clock that is set back stands still here. */
  #moveTo(now: number): void {
    const second = Math.floor(now / 1000);
    const passed = Math.min(SECONDS, second - this.#second);
    for (let step = 1; step <= passed; step += 1) this.#counts[(second - passed + step) % SECONDS] = 0;
    this.#second = Math.max(this.#second, second);
  }
}
