import { expect } from "chai";
import { type EventSource, leftOut, omissionsOf } from "../../../delivery/events/source";
import { ReasonCounts } from "../../../delivery/kinesis/outcome";
import { StreamUnreadable } from "../../../delivery/kinesis/streamReader";
import {
  eventsRefused,
  interrupted,
  noEvents,
  notReadable,
  notReadToEnd,
  notResponding,
  sendingEnded,
  sourceProblems,
  writeRefused,
} from "../../../delivery/sending/findings";
import { tooManyEvents } from "../../../delivery/verify/ledger";
import { serviceError } from "../aws/serviceErrors";
import { reason } from "../kinesis/outcomes";

const SHARD = "shardId-000000000003";
const STREAM_ARN = "arn:aws:kinesis:eu-central-1:111122223333:stream/events";

function sourceWith(count: number): EventSource {
  const problems = Array.from({ length: Math.min(count, 100) }, (_, index) => ({
    file: "export.zip/a.json.gz",
    ...(index === 0 ? {} : { line: index }),
    reason: "not JSON",
  }));
  return { problems, problemCount: count, batches: async function* () {} };
}

describe("A finding about the run", () => {
  it("says that the stream can't be read, which proves nothing, and what the reader lacks", () => {
    const unreadable = (cause: Error) => notReadable(new StreamUnreadable({ cause }, SHARD), STREAM_ARN);
    const denied = unreadable(serviceError("AccessDeniedException", 400, "not yours"));
    expect(denied).to.include({
      code: "stream-not-readable",
      severity: "undetermined",
      where: STREAM_ARN,
    });
    expect(denied.message).to.include(`${SHARD} can't be read: AccessDeniedException: not yours`);
    expect(denied.remedy).to.include("kinesis:GetRecords").and.include("kms:Decrypt");
    expect(unreadable(serviceError("KMSAccessDeniedException", 400)).remedy).to.equal(denied.remedy);
    expect(unreadable(serviceError("InternalFailure", 500)).remedy).to.include("run this again");
  });

  it("names the shards that did not respond, or were not read to the end in time", () => {
    expect(notResponding([SHARD], STREAM_ARN).message).to.include(`${SHARD} did not respond in time`);
    expect(notResponding([], STREAM_ARN).message).to.include(
      "The list of the stream's shards did not respond",
    );
    expect(notReadToEnd([SHARD, "another"], STREAM_ARN)).to.include({
      code: "stream-not-readable",
      severity: "undetermined",
    });
    expect(notReadToEnd([SHARD, "another"], STREAM_ARN).message).to.include(`${SHARD}, another`);
    expect(notReadToEnd([], STREAM_ARN).message).to.include("missing events could be waited for");
  });

  const remedies = [
    { reason: "ProvisionedThroughputExceededException", remedy: "shardCount" },
    { reason: "LimitExceededException: slow down", remedy: "shardCount" },
    { reason: "KMSAccessDeniedException: no", remedy: "kms:GenerateDataKey" },
    { reason: "KMSDisabledException: no", remedy: "KMS key" },
    { reason: "AccessDeniedException: no", remedy: "write policy" },
    { reason: "ResourceNotFoundException: no", remedy: "The stream is gone" },
    { reason: "ValidationException: no", remedy: "Fix the cause above" },
  ];
  for (const { reason: detail, remedy } of remedies) {
    it(`has the remedy against ${detail}`, () => {
      const counts = new ReasonCounts();
      counts.add(reason(detail));
      expect(eventsRefused(counts, "1 event", STREAM_ARN).remedy).to.include(remedy);
      const finding = writeRefused(reason(detail), STREAM_ARN);
      expect(finding).to.include({ code: "write-refused", severity: "error", where: STREAM_ARN });
      expect(finding.message).to.include(detail);
      expect(finding.remedy).to.include(remedy);
    });
  }

  it("says that the source failed, and after how many events", () => {
    const finding = sendingEnded(new Error("the file is cut off"), 17);
    expect(finding).to.include({ code: "source-failed", severity: "undetermined" });
    expect(finding.message).to.include("stopped after 17 events: the file is cut off");
    expect(sendingEnded("gone", 0).message).to.include("gone");
  });

  it("says that the source has more events than one run accounts for", () => {
    const finding = sendingEnded(tooManyEvents(1_000), 1_000);
    expect(finding).to.include({ code: "too-many-events", severity: "undetermined" });
    expect(finding.message)
      .to.include("sending stopped after 1000 events")
      .and.to.include("at most 1,000 events");
  });

  it("says that the run was interrupted, and after how many events", () => {
    expect(interrupted(17)).to.include({ code: "interrupted", severity: "undetermined" });
    expect(interrupted(17).message).to.include("17 events");
  });

  it("is none about a source without problems", () => {
    expect(sourceProblems(sourceWith(0))).to.deep.equal([]);
  });

  it("warns of what a source had to leave out, with file and line", () => {
    const [finding] = sourceProblems(sourceWith(2));
    expect(finding).to.include({
      code: "source-problems",
      severity: "warning",
      where: "export.zip/a.json.gz",
      message:
        "2 parts of the export aren't events and were skipped: export.zip/a.json.gz: not JSON; export.zip/a.json.gz:1: not JSON",
    });
  });

  it("shows five of many problems, and the true number of the others", () => {
    const [finding] = sourceProblems(sourceWith(250));
    expect(finding?.message.split("not JSON")).to.have.length(6);
    expect(finding?.message).to.match(/^250 parts.*; and 245 more$/);
    expect(sourceProblems(sourceWith(5))[0]?.message).to.not.include("more");
  });

  it("ends a verdict with the number of rows and files that were left out", () => {
    expect(leftOut({ eventsSkipped: 0, filesSkipped: 0 })).to.equal("");
    expect(leftOut({ eventsSkipped: 1, filesSkipped: 0 })).to.equal(", but 1 row of the source was left out");
    expect(leftOut({ eventsSkipped: 5, filesSkipped: 2 })).to.equal(
      ", but 3 rows and 2 files of the source were left out",
    );
    expect(leftOut(omissionsOf(sourceWith(1)))).to.equal(", but 1 row of the source was left out");
  });

  it("is a separate error if there is no event at all", () => {
    expect(noEvents(sourceWith(0))).to.include({ name: "DeliveryError", code: "no-events" });
    expect(noEvents(sourceWith(0)).message).to.match(/^The source has no events\. /);
    expect(noEvents(sourceWith(3)).message).to.include(
      "no events. 3 parts of the export aren't events and were skipped: ",
    );
  });
});
