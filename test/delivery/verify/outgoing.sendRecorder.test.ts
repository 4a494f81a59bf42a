import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Timeline } from "../../../delivery/common/timeline";
import { Ledger } from "../../../delivery/verify/ledger";
import { SendRecorder } from "../../../delivery/verify/outgoing";
import { readRunFile, runFilePath } from "../../../delivery/verify/resume/runFile";
import { Replay, RunState } from "../../../delivery/verify/resume/runState";
import { LEFT_OPEN } from "../kinesis/outcomes";
import { added } from "./added";

describe("What a run's file has of an event that was left open", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "recorder-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** One event: an attempt without a clear answer, and another one that ends as told; then the run is ended. */
  async function leftOpen(second: "refused" | "ambiguous", isRead: boolean): Promise<Replay> {
    const outputs = { roleArn: "", region: "", streamName: "" };
    const run = await RunState.open({ outputs, runFolder: folder });
    run.begin({ outputs, startedAt: 0, readFrom: 0, source: null });
    const recorder = new SendRecorder(run, new Timeline(0));
    const bytes = Buffer.from("an event");
    const record = { index: added(run.ledger, bytes), partitionKey: "key", bytes };
    for (const answer of ["ambiguous", second]) {
      recorder.beforeAttempt([record], 0);
      recorder.onAttempt(0, 0);
      if (answer === "ambiguous") recorder.onAmbiguous(0);
    }
    recorder.onEnd(0, LEFT_OPEN, 0);
    if (isRead) run.ledger.onRead(0, bytes, 1);
    run.end(false);
    const replay = new Replay(new Ledger());
    await readRunFile(runFilePath(folder, run.key.runId), (entry) => replay.take(entry));
    return replay;
  }

  for (const second of ["refused", "ambiguous"] as const) {
    it(`is that it is to be tried again, and no attempt without an answer too many: ${second} at last`, async () => {
      const { unsettled, unanswered } = await leftOpen(second, false);
      expect([[...unsettled], [...unanswered]]).to.deep.equal([[0], []]);
    });
  }

  it("is that it is over, if it has been read back", async () => {
    const { unsettled } = await leftOpen("refused", true);
    expect([...unsettled]).to.deep.equal([]);
  });
});
