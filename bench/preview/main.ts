/**
 * Measures `pulumi preview` as a user runs it: of four resources written by hand, of the component in the same kind of
 * project, and of a checkout. Every round runs all three, in rotating order. `--check` fails above a limit.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { startAws } from "../../sandbox/aws";
import { startProviderServer } from "../../sandbox/pulumi/provider/service";
import { copyCheckout, sandboxEnvironment } from "../../test/sandbox/pulumi/provisioning/checkout";
import { startLanguageHost } from "../../test/sandbox/pulumi/provisioning/languageHost";
import { median } from "../median";

const ROOT = join(__dirname, "..", "..");
const PROGRAMS = { hand: "byHand.ts", component: "withComponent.ts" };
const NAMES = ["hand", "component", "checkout"] as const;
type Name = (typeof NAMES)[number];

/** Number of planned resources, including the stack and the component itself. */
const PLANNED: Record<Name, number> = { hand: 5, component: 6, checkout: 6 };
const LIMITS = { component: 1.05, checkout: 0.6 };

const run = promisify(execFile);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "15" }, check: { type: "boolean", default: false } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds must be an integer from 1");
  const times = await measured(rounds);
  const ratioOf = (name: Name) => median(times[name].map((ms, round) => ms / (times.hand[round] ?? ms)));
  const line = (name: keyof typeof LIMITS, label: string) =>
    `${label.padEnd(24)}${median(times[name]).toFixed(0)} ms, ${ratioOf(name).toFixed(3)} times by hand (limit ${LIMITS[name]})`;
  console.log(`pulumi preview, ${rounds} rounds, medians; ratios round by round
  four resources by hand  ${median(times.hand).toFixed(0)} ms
  ${line("component", "the component")}
  ${line("checkout", "a checkout")}`);
  const isBroken = (["component", "checkout"] as const).some((name) => ratioOf(name) > LIMITS[name]);
  if (values.check && isBroken) process.exitCode = 1;
}

async function measured(rounds: number): Promise<Record<Name, number[]>> {
  const folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-preview-"));
  const times: Record<Name, number[]> = { hand: [], component: [], checkout: [] };
  const aws = await startAws({ folder });
  const provider = await startProviderServer();
  const host = await startLanguageHost();
  try {
    const env = await sandboxEnvironment(folder, aws, host);
    env.PULUMI_DEBUG_PROVIDERS = `aws:${provider.port}`;
    Object.assign(process.env, env); // The provider runs in this process.
    await makeProjects(folder);
    for (const name of NAMES)
      await run("pulumi", ["stack", "init", "acme"], { cwd: join(folder, name), env });
    for (let round = -1; round < rounds; round += 1) {
      const turn = (round + 1) % NAMES.length;
      for (const name of [...NAMES.slice(turn), ...NAMES.slice(0, turn)]) {
        const ms = await previewed(join(folder, name), env, PLANNED[name]);
        if (round >= 0) times[name].push(ms); // The first round fills the caches.
      }
      if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    }
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  } finally {
    host.stop();
    provider.stop();
    await aws.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return times;
}

/** Creates a checkout, and a project for each program with strict types, as Pulumi's own templates have. */
async function makeProjects(folder: string): Promise<void> {
  await copyCheckout(join(folder, "checkout"));
  const compilerOptions = {
    strict: true,
    target: "es2020",
    module: "nodenext",
    moduleResolution: "nodenext",
    types: ["node"],
    skipLibCheck: true,
  };
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const project = join(folder, name);
    const modules = join(project, "node_modules");
    await mkdir(modules, { recursive: true });
    for (const installed of ["@pulumi", "@types", "ts-node", "typescript"]) {
      await symlink(join(ROOT, "node_modules", installed), join(modules, installed), "junction");
    }
    await symlink(ROOT, join(modules, "pulumi-amplitude-kinesis"), "junction");
    await cp(join(__dirname, program), join(project, "index.ts"));
    await writeFile(join(project, "package.json"), JSON.stringify({ name, main: "index.ts" }));
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    await writeFile(join(project, "Pulumi.yaml"), JSON.stringify({ name, runtime: "nodejs" }));
  }
}

/** Returns the milliseconds of one preview. @throws Error if it doesn't plan the expected number of resources. */
async function previewed(cwd: string, env: NodeJS.ProcessEnv, planned: number): Promise<number> {
  const start = performance.now();
  const { stdout } = await run("pulumi", ["preview", "--non-interactive", "--stack", "acme"], { cwd, env });
  const ms = performance.now() - start;
  const [, created] = /\+ (\d+) to create/.exec(stdout) ?? [];
  if (Number(created) !== planned)
    throw new Error(`${cwd}: ${created} resources are planned, not ${planned}`);
  return ms;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
