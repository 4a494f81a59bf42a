import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { describeSource } from "../../delivery/cli/options/source";
import { parsePart } from "../../delivery/common/part";
import { PROJECT } from "../cache";
import { unknownFlags } from "../docs/commandTree";
import { readDocument } from "../docs/documents";

const read = (...path: string[]) => readFileSync(join(PROJECT, "examples", ...path), "utf8");
const job = parse(read("kubernetes", "load-test.yaml"));
const definition = JSON.parse(read("aws-batch", "job-definition.json"));
const submitted = JSON.parse(read("aws-batch", "submit-job.json"));

const SHARDS = 1_000;
const PARTS = 125;
const RATE = 500_000;
const SECONDS = 600;

const [pod] = job.spec.template.spec.containers;
const COMMANDS: [name: string, command: string, part: (index: number) => Record<string, string>][] = [
  [
    "the Kubernetes Indexed Job",
    pod.args[0],
    (index) => ({
      JOB_COMPLETION_INDEX: String(index),
      JOB_COMPLETIONS: pod.env.find(({ name }: { name: string }) => name === "JOB_COMPLETIONS").value,
    }),
  ],
  [
    "the AWS Batch array job",
    definition.containerProperties.command[2],
    (index) => ({
      AWS_BATCH_JOB_ARRAY_INDEX: String(index),
      AWS_BATCH_JOB_ARRAY_SIZE: String(submitted.arrayProperties.size),
    }),
  ],
];

describe("The examples of a load test", () => {
  for (const [name, command, environmentOf] of COMMANDS) {
    it(`give each part of ${name} its share of the run, with options that exist`, () => {
      const [, words = ""] = /amplitude-kinesis verify (.*)/s.exec(command) ?? [];
      expect(unknownFlags("verify", words)).to.deep.equal([]);
      expect(words).to.include(`--rate ${RATE} --duration 10m --part auto --run "$RUN"`).and.include("--yes");
      for (const index of [0, PARTS - 1]) {
        const part = parsePart("auto", environmentOf(index));
        expect(part).to.deep.equal({ index, count: PARTS });
        const source = describeSource({ rate: RATE, duration: SECONDS * 1_000, part }, 0);
        expect(source).to.include({
          kind: "generated",
          rate: RATE / PARTS,
          events: (RATE * SECONDS) / PARTS,
        });
      }
    });
  }

  it("start all parts at once, and no part a second time", () => {
    const { spec } = job;
    expect(spec).to.include({
      completionMode: "Indexed",
      completions: PARTS,
      parallelism: PARTS,
      backoffLimitPerIndex: 0,
    });
    expect(spec.template.spec.restartPolicy).to.equal("Never");
    expect(definition.retryStrategy.attempts).to.equal(1);
    expect(submitted.jobDefinition).to.equal(definition.jobDefinitionName);
  });

  it("mount what their commands name, and pass every variable that these use", () => {
    const mounted = pod.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    for (const path of ["/reports", "/etc/amplitude"]) expect(mounted).to.include(path);
    expect(definition.containerProperties.mountPoints[0].containerPath).to.equal("/reports");
    const used = (command: string) => new Set([...command.matchAll(/\$(\w+)/g)].map(([, name]) => name));
    const names = (env: { name: string }[]) => env.map(({ name }) => name);
    expect([...used(pod.args[0])]).to.have.members(["RUN", "JOB_COMPLETION_INDEX"]);
    expect(names(pod.env)).to.include("RUN");
    expect([...used(definition.containerProperties.command[2])]).to.have.members([
      ...names(submitted.containerOverrides.environment),
      "AWS_BATCH_JOB_ARRAY_INDEX",
    ]);
  });

  it("ask for what the document computes from the benchmark's figures", () => {
    const bench = readDocument("bench/README.md").replaceAll(/\s+/g, " ");
    const figure = (pattern: RegExp) => Number(pattern.exec(bench)?.[1]?.replaceAll(",", ""));
    const cpu = figure(/took (\d+) CPU seconds per million events/);
    const perSecond = figure(/verified ([\d,]+) events per second/);
    const megabytes = figure(/needed (\d+) MB/);
    const own = RATE / PARTS;
    const events = own * SECONDS;
    const number = (value: number) => Math.round(value).toLocaleString("en-US");
    const vcpus = Number(definition.containerProperties.resourceRequirements[0].value);
    const rows: [what: string, result: string][] = [
      ["parts", String(PARTS)],
      ["shards per part", String(SHARDS / PARTS)],
      ["events/s per part", number(own)],
      ["of what one process verified", `${number((100 * own) / perSecond)} %`],
      ["events/s per shard", `${number((100 * RATE) / SHARDS / 1_000)} %`],
      ["bytes/s per shard", `${number(((RATE / SHARDS) * 1_790 * 100) / 1e6)} %`],
      ["events", number(RATE * SECONDS)],
      ["events per part", number(events)],
      ["cores in use", number((RATE * cpu) / 1e6)],
      ["cores requested", String(PARTS * vcpus)],
      ["memory per part", `${number(megabytes + (events * 27) / 1e6)} MB`],
      ["run file per part", `${number((events * 24) / 1e6)} MB`],
      ["shards", (SHARDS * 0.015).toFixed(2)],
      ["PUT payload units", ((RATE * SECONDS * 0.014) / 1e6).toFixed(2)],
      ["Fargate vCPUs", (PARTS * vcpus * 0.25 * 0.04048).toFixed(2)],
      ["Fargate memory", (PARTS * 0.25 * 0.004445).toFixed(2)],
    ];
    const document = readDocument("docs/load-testing.md");
    for (const [what, result] of rows)
      expect(document, what).to.match(
        new RegExp(`^\\| ${what} \\|[^|]*\\| ${result.replace(".", "\\.")} \\|$`, "m"),
      );
    expect(document)
      .to.include(`4,000 ÷ ${number(perSecond)} events/s`)
      .and.include(`× ${cpu} CPU seconds`);
    expect(own).to.be.at.most(perSecond);
    expect(SHARDS % PARTS).to.equal(0);
    expect(pod.resources.requests).to.deep.equal({ cpu: `${vcpus * 1_000}m`, memory: "1Gi" });
    expect(definition.containerProperties.resourceRequirements[1].value).to.equal("1024");
  });
});
