import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import { type LocalAmplitude, startAmplitude } from "../../../../sandbox/amplitude/server";
import { type Fixture, sharedAws } from "../../../sandbox/aws/localAws";
import { type Deployment, deploy } from "../../deployment/deploy";
import { ENTRY, environmentOf } from "../commandLine";
import { runInProcess } from "../inProcess";

const PLANTED = "planted-key-0123456789";

describe("amplitude-kinesis verify --route amplitude", () => {
  let aws: Fixture;
  let amplitude: LocalAmplitude;
  let outputs: Deployment;
  let env: Record<string, string>;
  let args: string[];
  before(async () => {
    aws = await sharedAws();
    outputs = await deploy(aws);
    amplitude = await startAmplitude({
      aws: { endpoint: aws.endpoint, credentials: aws.principals.amplitude },
      habits: { p95Ms: 200 },
    });
    env = environmentOf(aws, aws.principals.operator);
    const flags = [
      "--role-arn",
      outputs.roleArn,
      "--region",
      outputs.region,
      "--stream-name",
      outputs.streamName,
    ];
    args = ["verify", ...flags, "--route", "amplitude", "--amplitude-url", amplitude.url];
  });
  after(async () => {
    await amplitude.stop();
    await aws.remove();
  });

  it("reads the key from the environment, verifies, and never prints it", async () => {
    const { destination } = await amplitude.connect(outputs);
    const withKey = { ...env, AMPLITUDE_API_KEY: amplitude.apiKey };
    const asText = await runInProcess([...args, "--events", "3"], withKey);
    const asJson = await runInProcess([...args, "--events", "3", "--json"], withKey);
    destination.stop();
    expect(asText.stdout, asText.stderr).to.match(/^VERIFIED: every event sent to Amplitude arrived/);
    expect(asText.status).to.equal(0);
    expect(JSON.parse(asJson.stdout)).to.include({ verdict: "verified", route: "amplitude", eventsSent: 3 });
    expect(asText.stderr).to.include("waiting for Amplitude to deliver");
    expect(JSON.stringify([asText, asJson])).not.to.include(amplitude.apiKey);
  });

  for (const debug of [[], ["--debug"]]) {
    it(`exits 2 for a key that Amplitude does not know, and never prints it ${debug.join()}`, async () => {
      const outcome = await runInProcess([...debug, ...args, "--api-key", PLANTED], env);
      expect(outcome.stderr).to.include("Amplitude doesn't know the API key");
      expect(outcome).to.include({ status: 2, stdout: "" });
      expect(JSON.stringify(outcome)).not.to.include(PLANTED);
    });
  }

  const usage: [what: string, more: () => string[], says: RegExp][] = [
    ["without a key and without a terminal", () => args, /Set AMPLITUDE_API_KEY, pass --api-key/],
    ["with a key that can't be one", () => [...args, "--api-key", `${PLANTED} x`], /API key is invalid/],
    ["with an export", () => [...args, "--export", "x.zip"], /--export can't be used with --route amplitude/],
    ["with a sender's profile", () => [...args, "--sender-profile", "p"], /--sender-profile can't be used/],
    ["with a rate", () => [...args, "--rate", "5"], /--rate can't be used/],
    ["with too many events", () => [...args, "--events", "10001"], /at most 10000 with --route amplitude/],
    ["with a zone that there isn't", () => [...args, "--amplitude-zone", "DE"], /US, EU/],
    [
      "with a URL that would show the key",
      () => [...args.slice(0, -1), "http://api2.amplitude.com", "--api-key", PLANTED],
      /unencrypted/,
    ],
    [
      "with a key and another route",
      () => [...args.slice(0, 7), "--api-key", PLANTED],
      /--api-key can be used only with --route amplitude/,
    ],
  ];
  for (const [what, more, says] of usage) {
    it(`exits 2 ${what}, and says what to do`, async () => {
      const outcome = await runInProcess(more(), env);
      expect(outcome.stderr).to.match(says);
      expect(outcome).to.include({ status: 2, stdout: "" });
      expect(JSON.stringify(outcome)).not.to.include(PLANTED);
    });
  }

  it("ends gracefully at Ctrl-C while it waits, and exits 3", async () => {
    const more = ["--api-key", amplitude.apiKey, "--json"];
    const { PATH = "", HOME = "" } = process.env;
    const child = spawn(process.execPath, [ENTRY, ...args, ...more], { env: { PATH, HOME, ...env } });
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
      if (stderr.includes("waiting for Amplitude") && !child.killed) child.kill("SIGINT");
    });
    const [status] = await once(child, "close");
    expect(status, stderr).to.equal(3);
    const { verdict, findings } = JSON.parse(stdout);
    expect(verdict).to.equal("undecided");
    expect(findings.map(({ code }: { code: string }) => code)).to.deep.equal(["interrupted"]);
    expect(stdout + stderr).not.to.include(amplitude.apiKey);
  });

  it("shows its options on request", async () => {
    const { stdout } = await runInProcess(["verify", "--help"]);
    expect(stdout).to.include("--api-key").and.include("AMPLITUDE_API_KEY").and.include("--amplitude-zone");
  });
});
