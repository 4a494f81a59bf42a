import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import type { DeliveryReport } from "../../../../delivery";
import { type Fixture, sharedAws } from "../../../sandbox/aws/localAws";
import { json, startLyingProxy } from "../../aws/lyingProxy";
import { deploy, recordsOf } from "../../deployment/deploy";
import { ENTRY, environmentOf } from "../commandLine";
import { runInProcess } from "../inProcess";

/** Two requests per part. */
const EVENTS = 1_500;
const RUN = "load-test-07";

describe("A run in two parts", function () {
  this.timeout(120_000);
  let aws: Fixture;
  let folder: string;
  let deployment: string[];
  let streamName: string;
  let env: Record<string, string>;
  before(async () => {
    aws = await sharedAws();
    folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-parts-"));
    const outputs = await deploy(aws, { shards: 4 });
    streamName = outputs.streamName;
    deployment = ["--role-arn", outputs.roleArn, "--region", outputs.region, "--stream-name", streamName];
    env = environmentOf(aws, aws.principals.operator);
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await aws.remove();
  });

  const verify = (part: string, ...more: string[]) => [
    ...["verify", ...deployment, "--events", `${EVENTS}`, "--run", RUN, "--part", part, "--yes"],
    ...["--run-folder", folder, "--report", join(folder, part.replace("/", "-of-")), ...more],
  ];
  const reportOf = (part: string) => join(folder, part, "report.json");
  const merged = async (...parts: string[]) => {
    const { status, stdout, stderr } = await runInProcess([
      "report",
      "merge",
      ...parts.map(reportOf),
      "--json",
    ]);
    expect(stderr).to.equal("");
    return { status, report: JSON.parse(stdout) as DeliveryReport };
  };

  /** Runs a part in a process that is killed when its second request arrives. */
  async function killed(part: string): Promise<unknown> {
    let child: ReturnType<typeof spawn> | undefined;
    const proxy = await startLyingProxy(aws.endpoint, ({ operation, earlier }) => {
      if (operation !== "PutRecords" || earlier !== 1) return undefined;
      child?.kill("SIGKILL");
      return json({}, 503);
    });
    const { PATH = "" } = process.env;
    const own = {
      PATH,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "none",
      AWS_ENDPOINT_URL: proxy.endpoint,
    };
    child = spawn(process.execPath, [ENTRY, ...verify(part)], { env: { ...env, ...own }, stdio: "ignore" });
    const [, signal] = await once(child, "close");
    await proxy.stop();
    return signal;
  }

  it("is undecided while a part that was killed is not resumed, and verified once it is", async () => {
    const [one, signal] = [await runInProcess(verify("1/2"), env), await killed("2/2")];
    expect(one.status, one.stdout + one.stderr).to.equal(0);
    expect(signal).to.equal("SIGKILL");

    const before = await merged("1-of-2");
    expect(before).to.deep.include({ status: 3 });
    expect(before.report.findings[0]).to.include({ code: "part-missing" });
    expect(before.report.findings[0]?.message).to.include("part 2/2");
    expect(before.report).to.include({ verdict: "undecided", eventsSent: EVENTS / 2 });

    expect(await readdir(folder)).to.include(`${RUN}.2-of-2.run`);
    const again = await runInProcess(verify("2/2"), env);
    expect(again).to.include({ status: 2 });
    expect(again.stderr).to.include(
      `Resume it with --resume ${RUN} --part 2/2, or start a run with another id`,
    );
    const alone = await runInProcess(["verify", "--resume", RUN, "--run-folder", folder], env);
    expect(alone.stderr).to.include(`there is ${RUN}.2-of-2.run. Name the part with --part`);

    const resume = ["verify", "--resume", RUN, "--part", "2/2", "--run-folder", folder, "--yes"];
    const two = await runInProcess([...resume, "--report", join(folder, "2-of-2")], env);
    expect(two.status, two.stdout + two.stderr).to.equal(0);

    const { status, report } = await merged("2-of-2", "1-of-2");
    expect(status).to.equal(0);
    expect(report).to.include({ verdict: "verified", runId: RUN, part: null, recordsForeign: 0 });
    expect(report).to.include({ eventsSent: EVENTS, eventsDelivered: EVENTS, duplicatesUnexplained: 0 });
    expect(report.resumedFrom).to.be.a("string");
    const piped = `"$0" "$1" report merge <(cat "$2") <(cat "$3") --json`;
    const words = [process.execPath, ENTRY, reportOf("2-of-2"), reportOf("1-of-2")];
    const { stdout } = await promisify(execFile)("bash", ["-c", piped, ...words]);
    expect(JSON.parse(stdout)).to.deep.equal(report);
    const inStream = await recordsOf(aws, streamName);
    expect(new Set(inStream.map(({ partitionKey }) => partitionKey))).to.have.property("size", EVENTS);
    expect(report.shards.map(({ recordsRead }) => recordsRead > 0)).to.deep.equal([true, true, true, true]);

    for (const part of ["1/2", "2/2"]) {
      const until = ["--from", "trim-horizon", "--include-tests", "--until", `${EVENTS / 2}`, "--part", part];
      const { stdout } = await runInProcess(["watch", ...deployment, ...until, "--json"], env);
      const snapshot = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
      expect(snapshot).to.include({ verdict: "verified", events: EVENTS / 2, shards: 2 });
    }
  });

  const mistakes: [what: string, args: string[], says: RegExp][] = [
    ["a part without a run", ["verify", "--part", "1/2"], /--part requires --run ID, the same for all parts/],
    ["a run without a part", ["send", "--run", "x"], /--run joins the parts of a run\. Give --part too/],
    [
      "a part through Amplitude",
      ["verify", "--route", "amplitude", "--part", "1/2"],
      /--part can't be used with --route amplitude/,
    ],
    [
      "a resumed run with another id",
      ["verify", "--resume", RUN, "--run", "x"],
      /'--resume <run>' cannot be used with option '--run <id>'/,
    ],
    ["a part that there isn't", ["verify", "--part", "3/2", "--run", "x"], /It must be I\/N/],
    ["a report of a whole run", ["report", "merge"], /missing required argument 'files'/],
  ];
  for (const [what, args, says] of mistakes) {
    it(`can't be ${what}`, async () => {
      const { status, stderr } = await runInProcess(args, env);
      expect(status).to.equal(2);
      expect(stderr).to.match(says);
    });
  }

  it("can't be in more parts than shards", async () => {
    const args = ["verify", ...deployment, "--run", "another", "--part", "2/5", "--no-run-file"];
    const { status, stderr } = await runInProcess(args, env);
    expect({ status, stderr }).to.deep.include({ status: 2 });
    expect(stderr).to.match(/^amplitude-kinesis: Part 2\/5 has no shard, because \S+ has 4 shards\./m);
  });
});
