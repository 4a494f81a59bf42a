import { median } from "../median";
import type { PathName } from "./paths";

export interface Figures {
  /** CPU seconds of the client. */
  cpuPerMillion: number;
  /** Events. */
  perSecond: number;
  /** At the most. */
  megabytes: number;
}

/** By path, of each round. */
export type Rounds = Record<string, Figures[]>;

/** A ratio of CPU seconds of one path to the sum of others, round by round, medians. */
export interface Promised {
  of: PathName;
  to: PathName[];
  atMost: number;
}

/** Limits of `bench/README.md`. */
export const PROMISES: Promised[] = [
  { of: "write: ours, from bytes", to: ["write: the SDK, from bytes"], atMost: 0.5 },
  { of: "write: ours, from objects", to: ["write: the SDK, from objects"], atMost: 0.65 },
  { of: "read: ours", to: ["read: the SDK"], atMost: 0.5 },
  {
    of: "verify: generate, hash, send, read, match",
    to: ["write: the SDK, from bytes", "read: the SDK"],
    atMost: 1.05,
  },
];

export function ratioOf(rounds: Rounds, { of, to }: Promised): number {
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
