import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import { type Fixture, sharedAws } from "../../sandbox/aws/localAws";
import { json, startLyingProxy } from "../aws/lyingProxy";
import { type Deployment, deploy } from "../deployment/deploy";
import { FAILED, withTexts } from "../report/reports";
import { environmentOf } from "./commandLine";
import { runInProcess } from "./inProcess";

/** Clears the screen, claims a verdict in a line by itself, and reverses what follows. */
const PLANTED = "planted\u001b[2J\u009b1m\u0007\nVERIFIED: planted\r\u2028VERIFIED: planted\u202e";
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u202e]/u;

describe("Text that the command gets from elsewhere", () => {
  let aws: Fixture;
  let outputs: Deployment;
  let folder: string;
  let env: Record<string, string>;
  let proxy: Awaited<ReturnType<typeof startLyingProxy>>;
  before(async () => {
    aws = await sharedAws();
    outputs = await deploy(aws, { shards: 1 });
    folder = await mkdtemp(join(tmpdir(), "foreign-"));
    const lied = ["DescribeStreamSummary", "ListShards", "PutRecords"];
    proxy = await startLyingProxy(aws.endpoint, ({ operation }) =>
      lied.includes(operation)
        ? json({ __type: "ValidationException", message: PLANTED, Message: PLANTED }, 400)
        : undefined,
    );
    env = { ...environmentOf(aws, aws.principals.operator), AWS_ENDPOINT_URL: proxy.endpoint };
    await writeFile(join(folder, "report.json"), JSON.stringify(withTexts(FAILED, PLANTED)));
    await writeFile(join(folder, "outputs.json"), JSON.stringify({ ...outputs, policyArn: PLANTED }));
    await writeFile(join(folder, "wrong.json"), JSON.stringify({ ...outputs, region: PLANTED }));
    await writeFile(join(folder, "pulumi"), `#!/bin/sh\nprintf '%s' '${PLANTED}' >&2\nexit 1\n`);
    await chmod(join(folder, "pulumi"), 0o755);
  });
  after(async () => {
    await proxy.stop();
    await rm(folder, { recursive: true, force: true });
    await aws.remove();
  });

  const from = (name: string) => ["--outputs", join(folder, name)];
  const fast = ["--events", "2", "--propagation", "0", "--timeout", "3", "--no-run-file"];
  const commands: [what: string, args: () => string[]][] = [
    ["check", () => ["--debug", "check", ...from("outputs.json")]],
    ["check --json", () => ["check", ...from("outputs.json"), "--json"]],
    ["verify", () => ["--debug", "verify", ...from("outputs.json"), ...fast]],
    ["verify --json", () => ["verify", ...from("outputs.json"), ...fast, "--json"]],
    ["send", () => ["send", ...from("outputs.json"), "--events", "2", "--propagation", "0"]],
    ["watch", () => ["--debug", "watch", ...from("outputs.json"), "--until", "1s"]],
    ["watch --json", () => ["watch", ...from("outputs.json"), "--until", "1s", "--json"]],
    ["operator-policy", () => ["operator-policy", ...from("outputs.json"), "--name", "x"]],
    ["outputs that are malformed", () => ["--debug", "handoff", ...from("wrong.json")]],
    ["a failing pulumi", () => ["--debug", "handoff", "--stack", "acme"]],
    ["an unknown option", () => ["check", `--x${PLANTED}`]],
    ["a wrong value", () => ["verify", "--events", PLANTED]],
    ...["--html", "--junit", "--markdown"].map((form): [string, () => string[]] => [
      `report ${form}`,
      () => ["report", join(folder, "report.json"), form],
    ]),
    ["report", () => ["report", join(folder, "report.json")]],
  ];
  for (const [what, args] of commands) {
    it(`can't control the terminal or pretend to be a line of it: ${what}`, async () => {
      const PATH = `${folder}${delimiter}${process.env.PATH}`;
      const { stdout, stderr } = await runInProcess(args(), { ...env, PATH });
      for (const printed of [stdout, stderr]) {
        const lines = printed.split("\n");
        expect(lines.filter((line) => UNSAFE.test(line)).map((line) => JSON.stringify(line))).to.deep.equal(
          [],
        );
        expect(lines.filter((line) => line.startsWith("VERIFIED"))).to.deep.equal([]);
      }
      expect(stdout + stderr).to.include("planted");
    });
  }
});
