import { median } from "../median";
import type { PathName } from "./paths";

export interface Figures {
  /** CPU seconds of the client. */
  cpuPerMillion: number;
  /** Events per second. */
  perSecond: number;
  /** Peak resident memory. */
  megabytes: number;
}

/** Figures of each round, by the path's name. */
export type Rounds = Record<string, Figures[]>;

/** A limit for the ratio of one path's CPU seconds to the sum of others': the median of the rounds. */
export interface RatioLimit {
  of: PathName;
  to: PathName[];
  limit: number;
}

/** Limits of `bench/README.md`. */
export const LIMITS: RatioLimit[] = [
  { of: "write: ours, from bytes", to: ["write: the SDK, from bytes"], limit: 0.5 },
  { of: "write: ours, from objects", to: ["write: the SDK, from objects"], limit: 0.65 },
  { of: "read: ours", to: ["read: the SDK"], limit: 0.5 },
  {
    of: "verify: generate, hash, send, read, match",
    to: ["write: the SDK, from bytes", "read: the SDK"],
    limit: 1.05,
  },
  {
    of: "reconcile: an export and a stream of the same bytes",
    to: ["reconcile: only reading the stream", "reconcile: only decompressing the export"],
    limit: 2.5,
  },
];

export function ratioOf(rounds: Rounds, { of, to }: RatioLimit): number {
  const cpu = (name: string, round: number) => rounds[name]?.[round]?.cpuPerMillion ?? Number.NaN;
  const ratios = (rounds[of] ?? []).map(
    (_, round) => cpu(of, round) / to.reduce((sum, name) => sum + cpu(name, round), 0),
  );
  return median(ratios);
}

export function medians(runs: Figures[]): Figures {
  const of = (name: keyof Figures) => median(runs.map((figures) => figures[name]));
  return { cpuPerMillion: of("cpuPerMillion"), perSecond: of("perSecond"), megabytes: of("megabytes") };
}
