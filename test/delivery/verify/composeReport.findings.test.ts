import { expect } from "chai";
import type { Finding } from "../../../delivery/common/findings";
import { newRunKey } from "../../../delivery/common/runId";
import { TOO_LARGE } from "../../../delivery/kinesis/outcome";
import { eventFindings } from "../../../delivery/verify/composeReport";
import { Ledger } from "../../../delivery/verify/ledger";
import {
  acknowledged,
  LEFT_OPEN,
  reason,
  refused as refusal,
  unanswered as silence,
} from "../kinesis/outcomes";
import { added } from "./added";

const STREAM_ARN = "arn:aws:kinesis:eu-central-1:111122223333:stream/events";
const BYTES = Buffer.from("an event");

type History = (ledger: Ledger, index: number) => void;

const delivered: History = (ledger, index) => {
  lost(ledger, index);
  ledger.onRead(index, BYTES, 1);
};
const lost: History = (ledger, index) => {
  ledger.onAttempt(index, 0);
  ledger.onEnd(index, acknowledged("shard"));
};
const unanswered: History = (ledger, index) => {
  ledger.onAttempt(index, 0);
  ledger.onAmbiguous(index);
  ledger.onEnd(index, silence(reason("ECONNRESET")));
};
const leftOpen: History = (ledger, index) => {
  ledger.onAttempt(index, 0);
  ledger.onAmbiguous(index);
  ledger.onEnd(index, LEFT_OPEN);
};
const corrupted: History = (ledger, index) => {
  lost(ledger, index);
  ledger.onRead(index, Buffer.from("another event"), 1);
};
const duplicated: History = (ledger, index) => {
  delivered(ledger, index);
  ledger.onRead(index, BYTES, 2);
};
const tooLarge: History = (ledger, index) =>
  ledger.onEnd(index, refusal({ code: TOO_LARGE, detail: "record too large: 9 bytes" }));
const refused =
  (detail: string): History =>
  (ledger, index) => {
    ledger.onAttempt(index, 0);
    ledger.onEnd(index, refusal(reason(detail)));
  };
const refusedButRead: History = (ledger, index) => {
  refused("AccessDeniedException")(ledger, index);
  ledger.onRead(index, BYTES, 1);
};

function findingsOf(histories: History[], readingComplete = true): Finding[] {
  const ledger = new Ledger();
  for (const history of histories) history(ledger, added(ledger, BYTES));
  return eventFindings({ ledger, key: newRunKey() }, ledger.counts(), { readingComplete }, STREAM_ARN);
}

describe("What became of the events", () => {
  it("is no finding if all were delivered", () => {
    expect(findingsOf([delivered, delivered])).to.deep.equal([]);
  });

  it("is unread of what was left open, until the stream was read to its end", () => {
    expect(findingsOf([leftOpen], false).map(({ code }) => code)).to.deep.equal(["events-unread"]);
    expect(findingsOf([leftOpen])).to.deep.equal([]);
  });

  const cases: {
    histories: History[];
    readingComplete?: boolean;
    codes: string[];
    why: string;
  }[] = [
    { why: "acknowledged and absent", histories: [delivered, lost], codes: ["events-lost"] },
    { why: "unanswered and absent", histories: [unanswered], codes: ["events-unanswered"] },
    {
      why: "absent as far as it was read",
      histories: [lost],
      readingComplete: false,
      codes: ["events-unread"],
    },
    {
      why: "unanswered, and absent as far as it was read",
      histories: [unanswered, lost],
      readingComplete: false,
      codes: ["events-unread"],
    },
    { why: "other bytes", histories: [corrupted], codes: ["events-corrupted"] },
    {
      why: "other bytes as far as it was read",
      histories: [corrupted],
      readingComplete: false,
      codes: ["events-corrupted"],
    },
    { why: "two copies of one attempt", histories: [duplicated], codes: ["duplicates-unexplained"] },
    { why: "refused and yet there", histories: [refusedButRead], codes: ["refused-but-delivered"] },
    { why: "too large", histories: [tooLarge, delivered], codes: ["records-too-large"] },
    {
      why: "too large, others unanswered",
      histories: [tooLarge, unanswered],
      codes: ["records-too-large", "events-unanswered"],
    },
    { why: "refused by Kinesis", histories: [refused("AccessDenied: no")], codes: ["events-refused"] },
    {
      why: "too large, others refused",
      histories: [tooLarge, refused("AccessDenied: no")],
      codes: ["events-refused"],
    },
    {
      why: "refused, whatever was read",
      histories: [refused("AccessDenied: no")],
      readingComplete: false,
      codes: ["events-refused"],
    },
    {
      why: "all kinds at once",
      histories: [refused("x"), lost, unanswered, corrupted, duplicated, refusedButRead],
      codes: [
        "events-refused",
        "events-lost",
        "events-unanswered",
        "events-corrupted",
        "duplicates-unexplained",
        "refused-but-delivered",
      ],
    },
  ];
  for (const { why, histories, readingComplete, codes } of cases) {
    it(`is ${codes.join(" and ")}: ${why}`, () => {
      const findings = findingsOf(histories, readingComplete);
      expect(findings.map(({ code }) => code)).to.deep.equal(codes);
      for (const { where, remedy } of findings) {
        expect(where).to.equal(STREAM_ARN);
        expect(remedy).to.not.equal("");
      }
    });
  }

  it("weighs as much as it says about delivery", () => {
    const severities = Object.fromEntries(
      [
        ...findingsOf([refused("x"), lost, unanswered, corrupted, duplicated, refusedButRead]),
        ...findingsOf([lost], false),
        ...findingsOf([tooLarge]),
      ].map(({ code, severity }) => [code, severity]),
    );
    expect(severities).to.deep.equal({
      "events-refused": "error",
      "events-lost": "error",
      "events-unanswered": "error",
      "events-corrupted": "error",
      "records-too-large": "error",
      "events-unread": "undetermined",
      "duplicates-unexplained": "warning",
      "refused-but-delivered": "warning",
    });
  });

  it("names how many events, and the numbers of the first five", () => {
    const [few] = findingsOf([delivered, lost, lost]);
    expect(few?.message).to.match(/^2 events \(number 2, 3 of the source\) were acknowledged/);
    const [many] = findingsOf(Array.from({ length: 7 }, () => lost));
    expect(many?.message).to.match(/^7 events \(number 1, 2, 3, 4, 5, … of the source\)/);
  });

  it("names at most three reasons, most common first", () => {
    const histories = ["a", "b", "b", "c", "c", "c", "d", "d", "d", "d"].map(refused);
    expect(findingsOf(histories)[0]?.message).to.match(/: d \(4\); c \(3\); b \(2\)$/);
  });

  it("gives each finding the reasons of its own events", () => {
    const [large, open] = findingsOf([tooLarge, unanswered]);
    expect(large?.message).to.include("record too large").and.not.include("ECONNRESET");
    expect(open?.message).to.include("ECONNRESET (1)").and.not.include("record too large");
  });

  it("is helped by what the reason calls for", () => {
    const [finding] = findingsOf([refused("ProvisionedThroughputExceededException")]);
    expect(finding?.remedy).to.include("shardCount");
  });
});
