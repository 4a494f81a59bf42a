import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { CreateStreamCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { type LocalAmplitude, startAmplitude } from "../../sandbox/amplitude/server";
import { findPulumiCli } from "../../sandbox/pulumi/provisioning/pulumiCli";
import { clientsOf, type Fixture, startInFolder, trustOf } from "../sandbox/aws/localAws";
import { noteSkipped } from "../skip";
import { commandNames, unknownFlags } from "./commandTree";
import { type Block, blocksOf, DOCUMENTS, readDocument } from "./documents";
import { shortened } from "./shortened";
import { NOT_RUN } from "./standIns";
import { makeWorld, startRows, type World, type WorldOptions } from "./world";

/** Shells by the language of a block. Most systems run `sh` blocks with bash. */
const SHELLS: Record<string, string> = { sh: "bash", bash: "bash", zsh: "zsh", fish: "fish" };

/** Languages that programBlocks.integration.test.ts checks, or that nobody types. */
const OTHERS = ["go", "json", "python", "text", "ts", "yaml"];

const blocks = DOCUMENTS.flatMap((document) =>
  blocksOf(readDocument(document)).map((block) => ({ ...block, document })),
);
/** Leaves out the block that creates a project from the template, which examples.integration.test.ts runs. */
const ofCommands = (document: string) =>
  blocks.filter(
    ({ code, language, ...block }) =>
      block.document === document && language in SHELLS && !code.includes("pulumi new"),
  );

const WITH_COMMANDS = DOCUMENTS.filter((document) => ofCommands(document).length > 0);
const codeOf = (document: string) =>
  ofCommands(document)
    .map(({ code }) => code)
    .join("\n");
/** Matches commands that change the stack. */
const CHANGES = /^pulumi (?!stack output)/m;
/** Matches commands that create the stack acme. */
const CREATES = /stack init acme|amplitude-kinesis fleet up/;
/** Matches commands that need Pulumi's engine and no stand-in for it. */
const FLEET = /amplitude-kinesis fleet (?!report)/;

describe("The commands in the documents", function () {
  this.timeout(300_000);
  let aws: Fixture;
  let amplitude: LocalAmplitude;
  let folder: string;
  let cli: WorldOptions["cli"];
  let shared: Promise<World> | undefined;
  let runs: Map<string, Promise<void>>;
  const worlds: World[] = [];
  const earlier = process.env;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "documents-"));
    aws = await startInFolder();
    process.env = {
      ...earlier,
      // The test of a checkout checks the types.
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      // For the providers, which run in this process.
      AWS_ACCESS_KEY_ID: aws.principals.operator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.principals.operator.secretAccessKey,
    };
    amplitude = await startAmplitude({
      aws: { endpoint: aws.endpoint, credentials: aws.principals.amplitude },
      habits: { p95Ms: 200 },
    });
    cli = await findPulumiCli(folder);
    if (cli === undefined) {
      const what = "pulumi commands in the documents, except `stack output`, and those of fleet";
      noteSkipped(what, "no pulumi is on PATH");
    }
    await makeByHand();
    runs = inLanes(3, WITH_COMMANDS, runDocument);
  });
  after(async () => {
    await Promise.allSettled(runs?.values() ?? []);
    process.env = earlier;
    for (const world of worlds) world.stop();
    await amplitude.stop();
    await aws.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it("are in blocks that a test runs or checks", () => {
    const unknown = blocks.filter(({ language }) => !(language in SHELLS) && !OTHERS.includes(language));
    expect(unknown.map(({ document, line, language }) => `${document}:${line} ${language}`)).to.deep.equal(
      [],
    );
  });

  it("use only options that exist", () => {
    const command = new RegExp(`\\bamplitude-kinesis (${commandNames().join("|")})\\b([^\`\\n|;]*)`, "g");
    let seen = 0;
    for (const document of DOCUMENTS) {
      const text = readDocument(document).replaceAll(/\\\n\s*/g, " ");
      for (const [whole, name = "", words = ""] of text.matchAll(command)) {
        expect(unknownFlags(name, words), `${document}: ${whole}`).to.deep.equal([]);
        seen += 1;
      }
    }
    expect(seen).to.be.greaterThan(40);
  });

  it("call only AWS operations that exist", async () => {
    const text = DOCUMENTS.map(readDocument).join("\n");
    const asked = [...text.matchAll(/\baws (kinesis|iam|kms|cloudwatch|sts) ([a-z-]+)/g)];
    expect(asked).not.to.be.empty;
    for (const [whole, service, operation = ""] of asked) {
      const name = operation.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const client: Record<string, unknown> = await import(`@aws-sdk/client-${service}`);
      expect(client[`${name}Command`], whole).to.be.a("function");
    }
  });

  it("name only tests that exist", async () => {
    const { stdout: titles } = await promisify(execFile)("grep", [
      ...["-rhE", "(describe|it)\\(", join(__dirname, "..")],
    ]);
    const named = DOCUMENTS.flatMap((document) => [
      ...readDocument(document).matchAll(/npm test -- -g "([^"]+)"/g),
    ]);
    expect(named).not.to.be.empty;
    for (const [, words = ""] of named) expect(titles).to.include(words);
  });

  for (const document of WITH_COMMANDS) {
    it(`of ${document} do what it says, against the sandbox`, () => runs.get(document));
  }

  async function runDocument(document: string): Promise<void> {
    const code = codeOf(document);
    const world = await (CHANGES.test(code) ? newWorld(document, code, cli) : sharedWorld());
    const meanwhile = new Meanwhile(code);
    // Pulumi accepts a wildcard that matches nothing.
    const isReplaced = code.includes("--replace") && cli !== undefined;
    const before = isReplaced ? await outputsOf(world) : undefined;
    try {
      await meanwhile.begin(world);
      for (const block of ofCommands(document)) {
        await runBlock(world, document, block);
        await meanwhile.begin(world);
      }
    } finally {
      await meanwhile.end();
    }
    if (isReplaced) {
      const { roleArn, streamName } = (await outputsOf(world)) ?? {};
      expect(roleArn).to.be.a("string").and.not.to.equal(before?.roleArn);
      expect(streamName).to.equal(before?.streamName);
    }
    for (const line of (await readFile(world.standIns.log, "utf8")).trim().split("\n")) {
      const reason = Object.keys(NOT_RUN).find((words) => `${line} `.startsWith(`${words} `));
      if (line !== "") expect(reason, `${document}: not run, for no reason: ${line}`).to.be.a("string");
    }
  }

  async function newWorld(name: string, code: string, ownCli: WorldOptions["cli"]): Promise<World> {
    const own = join(folder, name.replaceAll(/\W/g, "-"));
    const hasStack = !CREATES.test(code);
    const world = await makeWorld({ folder: own, aws, amplitude, cli: ownCli, hasStack });
    worlds.push(world);
    return world;
  }

  /** Returns the world of the documents that only read the stack's outputs, for which no engine is started. */
  function sharedWorld(): Promise<World> {
    shared ??= newWorld("shared", "", undefined);
    return shared;
  }

  /** Creates the stream and the role that the document about migrating starts from. */
  async function makeByHand(): Promise<void> {
    const { iam, kinesis } = clientsOf(aws, aws.principals.operator);
    const AssumeRolePolicyDocument = trustOf("arn:aws:iam::358203115967:root");
    await iam.send(new CreateRoleCommand({ RoleName: "amplitude-events", AssumeRolePolicyDocument }));
    iam.destroy();
    await kinesis.send(new CreateStreamCommand({ StreamName: "analytics-events", ShardCount: 1 }));
    kinesis.destroy();
  }

  async function runBlock(world: World, document: string, { language, code, line }: Block): Promise<void> {
    if (cli === undefined && FLEET.test(code)) return;
    const shell = SHELLS[language] ?? "bash";
    if (shell !== "bash" && (await hasNo(shell))) {
      noteSkipped(`the commands at ${document}:${line}`, `no ${shell} is on PATH`);
      return;
    }
    const { status, printed } = await world.run(shell, shortened(code));
    expect(status, `${document}:${line}\n${shortened(code)}\n${printed}`).to.equal(0);
  }

  /** Starts Amplitude's side of an existing stack: a destination if the document sends through it, rows if it watches. */
  class Meanwhile {
    readonly #ends: (() => unknown)[] = [];
    #begun = false;

    constructor(private readonly code: string) {}

    async begin(world: World): Promise<void> {
      const isWatched = /amplitude-kinesis watch/.test(this.code);
      const isSentTo = this.code.includes("--route amplitude");
      if (this.#begun || !(isWatched || isSentTo)) return;
      const outputs = await outputsOf(world);
      if (outputs === undefined) return;
      this.#begun = true;
      const { roleArn, region, streamName } = outputs;
      if (isSentTo) {
        const { destination } = await amplitude.connect({ roleArn, region, streamName });
        this.#ends.push(() => destination.stop());
      }
      if (isWatched) {
        const rows = startRows({ ...aws, region }, streamName);
        this.#ends.push(() => rows.stop());
      }
    }

    async end(): Promise<void> {
      for (const end of this.#ends) await end();
    }
  }
});

/** Returns the outputs of the stack acme, or undefined if it has none yet. */
async function outputsOf(
  world: World,
): Promise<Record<"roleArn" | "region" | "streamName", string> | undefined> {
  const { status, printed } = await world.run("bash", "pulumi stack output --json --stack acme");
  return status === 0 && printed.includes("roleArn") ? JSON.parse(printed) : undefined;
}

/** Runs jobs in several lanes at once, because they wait most of their time. */
function inLanes<Name>(lanes: number, names: Name[], job: (name: Name) => Promise<void>) {
  const tails: Promise<void>[] = new Array(lanes).fill(Promise.resolve());
  const jobs = names.map((name, index): [Name, Promise<void>] => {
    const run = () => job(name);
    const done = (tails[index % lanes] ?? Promise.resolve()).then(run, run);
    // The test that awaits the job reports its failure.
    done.catch(() => undefined);
    tails[index % lanes] = done;
    return [name, done];
  });
  return new Map(jobs);
}

async function hasNo(shell: string): Promise<boolean> {
  return promisify(execFile)(shell, ["--version"]).then(
    () => false,
    () => true,
  );
}
