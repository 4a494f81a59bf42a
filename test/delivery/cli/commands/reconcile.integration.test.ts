import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import type { ReconcileReport } from "../../../../delivery";
import { formatHour, HOUR_MS } from "../../../../delivery/reconcile/options";
import { clientsOf, type Fixture, sharedAws } from "../../../sandbox/aws/localAws";
import { type Deployment, deploy } from "../../deployment/deploy";
import { temporaryFolder } from "../../events/export/exports";
import { type Row, rows } from "../../watch/rows";
import { amplitudeKinesis, environmentOf } from "../commandLine";
import { runInProcess } from "../inProcess";

describe("amplitude-kinesis reconcile", () => {
  const file = temporaryFolder();
  let aws: Fixture;
  let env: Record<string, string>;
  let outputs: Deployment;
  let all: Row[];
  before(async () => {
    aws = await sharedAws();
    env = environmentOf(aws, aws.principals.operator);
  });
  after(() => aws.remove());
  beforeEach(async () => {
    outputs = await deploy(aws, { shards: 1 });
    const uploadedAt = Date.now() - 4 * HOUR_MS;
    hour = formatHour(uploadedAt);
    const server_upload_time = new Date(uploadedAt).toISOString().replace("T", " ").replace("Z", "000");
    all = (await rows(5)).map((row) => ({ ...row, event_type: "Order placed", server_upload_time }));
    const Records = all
      .slice(2)
      .map((row) => ({ PartitionKey: "user", Data: Buffer.from(JSON.stringify(row)) }));
    const { kinesis } = clientsOf(aws, aws.principals.operator);
    await kinesis.send(new PutRecordsCommand({ StreamName: outputs.streamName, Records }));
    writeFileSync(file("export.json"), all.map((row) => JSON.stringify(row)).join("\n"));
  });

  let hour = "";
  const command = (...more: string[]) => {
    const { roleArn, region, streamName } = outputs;
    const deployment = ["--role-arn", roleArn, "--region", region, "--stream-name", streamName];
    return ["reconcile", ...deployment, "--from", hour, "--to", hour, ...more];
  };
  const run = (...more: string[]) => runInProcess(command(...more), env);

  it("prints what is missing, writes the files, and exits 1", async () => {
    const { status, stdout, stderr } = await run(
      ...["--export", file("export.json"), "--missing", file("missing.jsonl"), "--report", file("reports")],
    );
    expect(stdout)
      .to.match(/^INCOMPLETE: 2 of 5 exported events missing\n/)
      .and.to.match(/✗ events-missing: 2 events/);
    expect(stdout).to.include(`${hour} incomplete`).and.to.include("Order placed");
    expect(stderr).to.include("reading the export").and.to.include("reading the stream");
    expect(readFileSync(file("missing.jsonl"), "utf8").match(/"uuid"/g)).to.have.length(2);
    expect(readdirSync(file("reports")).sort()).to.deep.equal([
      "report.html",
      "report.json",
      "report.md",
      "report.xml",
    ]);
    expect(JSON.parse(readFileSync(`${file("reports")}/report.json`, "utf8"))).to.include({
      eventsMissing: 2,
    });
    expect(status).to.equal(1);
  });

  it("merges parts of several processes into the report of one", async () => {
    outputs = await deploy(aws, { shards: 4 });
    // Copies of an event are in different shards.
    const Records = [...all.slice(1), ...all.slice(1)].map((row, index) => ({
      PartitionKey: `user ${index}`,
      Data: Buffer.from(JSON.stringify(row)),
    }));
    await clientsOf(aws, aws.principals.operator).kinesis.send(
      new PutRecordsCommand({ StreamName: outputs.streamName, Records }),
    );
    const compare = ["--export", file("export.json"), "--json"];
    const partOf = (part: number) =>
      amplitudeKinesis(
        command(...compare, "--part", `${part}/2`, "--run", "night", "--part-file", file(`part-${part}`)),
        { env },
      );
    const parts = await Promise.all([partOf(1), partOf(2)]);
    for (const [index, { status, stdout, stderr }] of parts.entries()) {
      expect(status, stderr).to.equal(3);
      const { findings, ...report } = JSON.parse(stdout) as ReconcileReport;
      expect(report).to.deep.include({ verdict: "undecided", part: { index, count: 2 }, eventsExported: 5 });
      expect(findings.map(({ code }) => code)).to.deep.equal(["parts-not-merged"]);
    }
    const [whole, merged, first] = [
      await run(...compare),
      await runInProcess(["report", "merge", file("part-2"), file("part-1"), "--json"], env),
      await runInProcess(["report", "merge", file("part-1"), "--report", file("reports")], env),
    ];
    const numbers = ({ stdout }: { stdout: string }) => {
      const { runId: _, startedAt: __, durationInSeconds: ___, ...rest } = JSON.parse(stdout);
      return rest;
    };
    expect(numbers(merged)).to.include({ eventsMissing: 1, eventsDuplicated: 4 });
    expect(numbers(merged)).to.deep.equal(numbers(whole));
    expect([merged.status, first.status]).to.deep.equal([1, 3]);
    expect(first.stdout)
      .to.match(/^UNDECIDED/)
      .and.to.include("No report covers part 2/2");
    expect(readdirSync(file("reports"))).to.have.length(4);
  });

  it("writes what is missing with --backfill --yes, and exits 0", async () => {
    const { status, stdout } = await run("--export", file("export.json"), "--backfill", "--yes", "--json");
    expect(JSON.parse(stdout)).to.include({ verdict: "complete", eventsDelivered: 5, eventsMissing: 0 });
    expect(JSON.parse(stdout).backfill).to.deep.equal({ eventsWritten: 2, eventsNotWritten: 0 });
    expect(status).to.equal(0);
  });

  const wrong: [what: string, args: () => string[], says: RegExp][] = [
    [
      "no consent to write without a terminal",
      () => ["--export", file("export.json"), "--backfill"],
      /consent with --yes/,
    ],
    ["consent to nothing", () => ["--export", file("export.json"), "--yes"], /--yes consents to --backfill/],
    ["no keys", () => [], /Set AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY/],
    ["a missing archive", () => ["--export", file("none.zip")], /There is no export at/],
    [
      "a reversed range",
      () => ["--export", file("export.json"), "--to", "2026-01-01T00"],
      /is before --from/,
    ],
    ["no hour", () => ["--export", file("export.json"), "--to", "2026-01-01"], /must be an hour such as/],
    ["an hour that doesn't exist", () => ["--to", "2026-02-30T00"], /must be an hour such as/],
    [
      "a folder for archives",
      () => ["--export", file("export.json"), "--keep-export", file("kept")],
      /cannot be used with/,
    ],
    [
      "a part without a file",
      () => ["--export", file("export.json"), "--part", "1/2", "--run", "night"],
      /--part requires --run ID and --part-file FILE/,
    ],
    [
      "a part that writes",
      () => [
        ...["--export", file("export.json"), "--part", "1/2", "--run", "night", "--part-file", file("part")],
        ...["--backfill", "--yes"],
      ],
      /--backfill can't be used with --part.* Merge the parts with `report merge`/,
    ],
    [
      "a part's file in no folder",
      () => [
        ...["--export", file("export.json"), "--part", "1/2", "--run", "night"],
        ...["--part-file", file("no/part")],
      ],
      /The part can't be written to .*no\/part/,
    ],
    [
      "a missing file in no folder",
      () => ["--export", file("export.json"), "--missing", file("no/m.jsonl")],
      /can't be written/,
    ],
  ];
  for (const [what, args, says] of wrong) {
    it(`exits 2 for ${what}`, async () => {
      const { status, stderr } = await run(...args());
      expect(stderr).to.match(says);
      expect(status).to.equal(2);
    });
  }
});
