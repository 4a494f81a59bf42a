/**
 * How long `pulumi preview` takes with the component, against the same four resources by hand. In turns, the order of the
 * two changing, medians at the end; `--check` fails above the promised ratio.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { startAws } from "../../sandbox/aws";
import { median } from "../median";

const PROMISED_RATIO = 1.05;
const PROGRAMS = { hand: "byHand.ts", component: "withComponent.ts" } as const;
type Name = keyof typeof PROGRAMS;

const run = promisify(execFile);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "15" }, check: { type: "boolean", default: false } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds must be a whole number from 1");
  const times = await measured(rounds);
  const [hand, component] = [median(times.hand), median(times.component)];
  const ratio = median(times.component.map((ms, round) => ms / (times.hand[round] ?? ms)));
  console.log(`pulumi preview, ${rounds} rounds, medians
  four resources by hand  ${hand.toFixed(0)} ms
  the component           ${component.toFixed(0)} ms
  ratio, round by round   ${ratio.toFixed(3)} (promised: at most ${PROMISED_RATIO})`);
  if (values.check && ratio > PROMISED_RATIO) process.exitCode = 1;
}

async function measured(rounds: number): Promise<Record<Name, number[]>> {
  const folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-preview-"));
  const times: Record<Name, number[]> = { hand: [], component: [] };
  const aws = await startAws({ folder });
  try {
    for (let round = -1; round < rounds; round += 1) {
      const order: Name[] = round % 2 === 0 ? ["hand", "component"] : ["component", "hand"];
      for (const name of order) {
        const ms = await previewed(folder, aws, name, `${name}-${round + 1}`);
        if (round >= 0) times[name].push(ms); // The first round fills the caches.
      }
      if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    }
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  } finally {
    await aws.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return times;
}

/** Milliseconds of one preview. @throws Error where it doesn't plan the four resources. */
async function previewed(folder: string, aws: object, name: Name, stackName: string): Promise<number> {
  const args = [folder, JSON.stringify(aws), stackName, join(__dirname, PROGRAMS[name])];
  const script = join(__dirname, "onePreview.ts");
  const { stdout } = await run(process.execPath, ["--require", "tsx/cjs", script, ...args]);
  const { ms, created } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
  const expected = { hand: 5, component: 6 }[name]; // With the stack, and with the component itself.
  if (created !== expected) throw new Error(`${name}: ${created} resources are planned, not ${expected}`);
  return ms;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
