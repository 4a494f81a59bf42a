import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { type LocalAmplitude, startAmplitude } from "../../../sandbox/amplitude/server";
import { clientsOf, type Fixture, sharedAws } from "../../sandbox/aws/localAws";
import { ENTRY, environmentOf } from "../cli/commandLine";
import { runInProcess } from "../cli/inProcess";
import { type Deployment, deploy } from "../deployment/deploy";
import { readExport, temporaryFolder } from "../events/export/exports";

const HOUR_MS = 3_600_000;
const START = (Math.floor(Date.now() / HOUR_MS) - 5) * HOUR_MS;
const hourText = (time: number) => new Date(time).toISOString().slice(0, 13);

describe("A reconciliation that is killed", () => {
  const path = temporaryFolder();
  let aws: Fixture;
  let amplitude: LocalAmplitude;
  let outputs: Deployment;
  before(async () => {
    aws = await sharedAws();
    outputs = await deploy(aws, { shards: 1 });
    const rows = Array.from({ length: 60 }, (_, number) => {
      const uploadedAt = START + (number % 2) * HOUR_MS + number * 1_000;
      return {
        uuid: `uuid-${number}`,
        event_type: "A",
        app: 1,
        device_id: "device",
        server_upload_time: new Date(uploadedAt).toISOString().replace("T", " ").replace("Z", "000"),
        uploadedAt,
      };
    });
    amplitude = await startAmplitude({
      aws: { endpoint: aws.endpoint, credentials: aws.principals.amplitude },
    });
    for (const { uploadedAt, ...row } of rows) amplitude.exports.add(JSON.stringify(row), uploadedAt);
    const Records = rows.slice(10).map(({ uploadedAt: _, ...row }) => ({
      PartitionKey: row.uuid,
      Data: Buffer.from(JSON.stringify(row)),
    }));
    const { kinesis } = clientsOf(aws, aws.principals.operator);
    await kinesis.send(new PutRecordsCommand({ StreamName: outputs.streamName, Records }));
  });
  after(async () => {
    await amplitude.stop();
    await aws.remove();
  });

  const args = () => {
    writeFileSync(path("outputs.json"), JSON.stringify(outputs));
    return [
      ...["reconcile", "--outputs", path("outputs.json"), "--json", "--amplitude-url", amplitude.origin],
      ...["--from", hourText(START), "--to", hourText(START + HOUR_MS)],
      ...["--keep-export", path("kept"), "--missing", path("missing.jsonl"), "--report", path("report")],
    ];
  };
  const environment = () => ({
    ...environmentOf(aws, aws.principals.operator),
    AMPLITUDE_API_KEY: amplitude.apiKey,
    AMPLITUDE_SECRET_KEY: amplitude.secretKey,
  });

  async function expectWholeFiles(): Promise<void> {
    const kept = existsSync(path("kept")) ? readdirSync(path("kept")) : [];
    for (const name of kept.filter((each) => each.endsWith(".zip")))
      expect(await readExport(join(path("kept"), name)), name).to.include({ problemCount: 0 });
    const missing = existsSync(path("missing.jsonl")) ? readFileSync(path("missing.jsonl"), "utf8") : "";
    const lines = missing.split("\n").slice(0, -1);
    expect([0, 10]).to.include(lines.length);
    for (const line of lines) JSON.parse(line);
    expect(missing === "" || missing.endsWith("\n")).to.equal(true);
    const report = path("report/report.json");
    if (existsSync(report)) JSON.parse(readFileSync(report, "utf8"));
  }

  /** Moments, by the step that the command shows, or at the request for the second hour. */
  const moments: [moment: string, step: RegExp | undefined][] = [
    ["while it fetches the second hour", undefined],
    ["while it reads the stream", /reading the stream/],
    ["while it writes the missing events", /looking at the export again/],
  ];
  for (const [moment, step] of moments) {
    it(`${moment} leaves only whole files, and has the same numbers the second time`, async () => {
      const child = spawn(process.execPath, [ENTRY, ...args()], {
        env: { ...process.env, ...environment() },
        stdio: ["ignore", "ignore", "pipe"],
      });
      const second = hourText(START + HOUR_MS).replaceAll("-", "");
      amplitude.exports.fault = (range) => {
        if (step === undefined && range.startsWith(second)) child.kill("SIGKILL");
        return undefined;
      };
      child.stderr.on("data", (shown: Buffer) => {
        if (step?.test(shown.toString())) child.kill("SIGKILL");
      });
      const [, signal] = await once(child, "close");
      amplitude.exports.fault = () => undefined;
      expect(signal).to.equal("SIGKILL");
      await expectWholeFiles();
      const { stdout, status, stderr } = await runInProcess(args(), environment());
      expect(status, stderr).to.equal(1);
      expect(JSON.parse(stdout)).to.include({
        verdict: "incomplete",
        eventsExported: 60,
        eventsDelivered: 50,
        eventsMissing: 10,
        eventsDuplicated: 0,
        eventsUnexplained: 0,
      });
      await expectWholeFiles();
      expect(readFileSync(path("missing.jsonl"), "utf8").split("\n")).to.have.length(11);
    });
  }
});
