import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Load of some work. */
export interface Load {
  seconds: number;
  /** CPU time of all processes that the work started; 0 except on Linux. */
  cpuSeconds: number;
  /** Highest memory of all of them, with shared pages counted once; 0 except on Linux. */
  peakMiB: number;
}

const SAMPLE_MS = 250;

/** Runs work in other processes, and measures their load. */
export async function measureLoad(work: () => Promise<void>): Promise<Load> {
  let peakMiB = 0;
  const sampling = setInterval(() => {
    peakMiB = Math.max(peakMiB, memoryOfChildren() / 1024);
  }, SAMPLE_MS);
  const [start, cpuStart] = [performance.now(), cpuSecondsOfChildren()];
  try {
    await work();
  } finally {
    clearInterval(sampling);
  }
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, cpuSeconds: cpuSecondsOfChildren() - cpuStart, peakMiB };
}

/** Returns the CPU time of the children that have ended, and of theirs. Source: Linux, proc_pid_stat(5), 16 and 17, in 1/100 s. */
function cpuSecondsOfChildren(): number {
  const [user = 0, system = 0] =
    read("/proc/self/stat").split(") ").at(-1)?.split(" ").slice(13, 15).map(Number) ?? [];
  return (user + system) / 100;
}

/** Returns the memory of all descendants of this process in KiB. Source: Linux, proc_pid_smaps(5), Pss. */
function memoryOfChildren(): number {
  const children = new Map<number, number[]>();
  for (const pid of (existsSync("/proc/stat") ? readdirSync("/proc") : [])
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    // The command's name is in parentheses and may contain spaces.
    const [, parent = 0] = /\) \S (\d+) /.exec(read(`/proc/${pid}/stat`))?.map(Number) ?? [];
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const below = (pid: number): number[] =>
    (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  const kib = (pid: number) => Number(/^Pss: +(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return below(process.pid).reduce((sum, pid) => sum + kib(pid), 0);
}

/** Returns the content of a file, or empty text if it is gone: processes end at any time. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
