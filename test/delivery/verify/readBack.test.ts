import type { _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { newRunKey, runKeyOf } from "../../../delivery/common/runId";
import { Timeline } from "../../../delivery/common/timeline";
import { Ledger, MAX_EVENTS_PER_RUN } from "../../../delivery/verify/ledger";
import { Collector } from "../../../delivery/verify/readBack";
import { acknowledged } from "../kinesis/outcomes";
import { added } from "./added";

const BYTES = Buffer.from("an event");

/** A ledger of three events, each sent at 1,000 ms, and a collector of what is read. */
class Collecting {
  readonly ledger = new Ledger();
  readonly key = newRunKey();
  readonly timeline = new Timeline(0);
  readonly collector = new Collector(this.ledger, this.key, this.timeline);

  constructor() {
    for (let count = 0; count < 3; count += 1) this.ledger.onAttempt(added(this.ledger, BYTES), 1_000);
  }

  take(shardId: string, ...records: KinesisRecord[]): void {
    this.collector.take({ shardId, records, receivedAt: 1_500 });
  }

  /** Takes records that the endpoint gives again, by their sequence numbers. */
  takeRepeated(...records: KinesisRecord[]): void {
    this.collector.take({ shardId: "one", records, repeated: new Set(records), receivedAt: 2_000 });
  }

  takeMissing(...records: KinesisRecord[]): void {
    this.collector.takeMissing({ shardId: "one", records, receivedAt: 9_000 });
  }

  of(index: number, Data: Uint8Array | undefined = BYTES): KinesisRecord {
    return { SequenceNumber: "1", PartitionKey: this.key.partitionKey(index), Data };
  }
}

function foreign(PartitionKey: string | undefined): KinesisRecord {
  return { SequenceNumber: "1", PartitionKey, Data: BYTES };
}

describe("The collector", () => {
  it("enters each record of the run, and its latency", () => {
    const collecting = new Collecting();
    collecting.take("one", collecting.of(0), collecting.of(2));
    expect(collecting.ledger.counts().fates).to.include({ delivered: 2, unanswered: 1 });
    expect(collecting.collector.latency.summary()).to.deep.equal({ p50: 0.5, p95: 0.5, p99: 0.5, max: 0.5 });
    expect(collecting.collector.recordsForeign).to.equal(0);
  });

  it("counts other people's records, and leaves them alone", () => {
    const collecting = new Collecting();
    const others = [
      foreign("user-1"),
      foreign(undefined),
      foreign(newRunKey().partitionKey(0)),
      collecting.of(MAX_EVENTS_PER_RUN),
    ];
    collecting.take("one", ...others, collecting.of(1));
    expect(collecting.collector.recordsForeign).to.equal(4);
    expect(collecting.ledger.seen).to.equal(1);
  });

  it("takes a record without bytes for a corrupted event", () => {
    const collecting = new Collecting();
    collecting.take("one", {
      SequenceNumber: "1",
      PartitionKey: collecting.key.partitionKey(0),
      Data: undefined,
    });
    expect(collecting.ledger.counts().fates.corrupted).to.equal(1);
  });

  it("counts a second copy, but measures the first one alone", () => {
    const collecting = new Collecting();
    collecting.take("one", collecting.of(0));
    collecting.collector.take({ shardId: "one", records: [collecting.of(0)], receivedAt: 60_000 });
    expect(collecting.ledger.counts().duplicates).to.equal(1);
    expect(collecting.collector.latency.summary()?.max).to.equal(0.5);
  });

  it("enters of a second reading what is missing alone: everything else would look like a duplicate", () => {
    const collecting = new Collecting();
    collecting.take("one", collecting.of(0), foreign("user-1"));
    collecting.takeMissing(collecting.of(0), collecting.of(1), foreign("user-1"));
    expect(collecting.ledger.counts()).to.include({ duplicates: 0 });
    expect(collecting.ledger.seen).to.equal(2);
    expect(collecting.collector.recordsForeign).to.equal(1);
  });

  it("counts what only the second reading finds as read from its shard, and measures it", () => {
    const collecting = new Collecting();
    collecting.take("one", collecting.of(0));
    collecting.takeMissing(collecting.of(0), collecting.of(1));
    expect(collecting.collector.shards(["one"])).to.deep.equal([
      { shardId: "one", eventsAcknowledged: 0, recordsRead: 2 },
    ]);
    expect(collecting.collector.latency.summary()?.max).to.equal(8);
    expect(collecting.timeline.report().buckets.map(({ read }) => read)).to.deep.equal([
      0, 1, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
  });

  it("counts every copy of what only the second reading finds, a changed one too", () => {
    const collecting = new Collecting();
    collecting.takeMissing(collecting.of(0), collecting.of(0), collecting.of(1));
    collecting.takeMissing(collecting.of(1, Buffer.from("changed")));
    expect(collecting.ledger.counts()).to.include({ duplicates: 2 });
    expect(collecting.ledger.counts().fates).to.include({ delivered: 1, corrupted: 1 });
  });

  describe("given records again", () => {
    it("counts none of them a second time", () => {
      const collecting = new Collecting();
      const records = [
        collecting.of(0),
        collecting.of(0),
        collecting.of(1, Buffer.from("changed")),
        foreign("user-1"),
      ];
      collecting.take("one", ...records);
      for (let again = 0; again < 3; again += 1) collecting.takeRepeated(...records);
      expect(collecting.ledger.counts()).to.include({ duplicates: 1 });
      expect(collecting.collector.recordsForeign).to.equal(1);
      expect(collecting.collector.shards(["one"])[0]).to.include({ recordsRead: 3 });
    });

    it("finds what is missing among them, and other bytes of an event that it has read", () => {
      const collecting = new Collecting();
      collecting.take("one", collecting.of(0));
      collecting.takeRepeated(collecting.of(1), collecting.of(0, Buffer.from("changed")));
      expect(collecting.ledger.counts().fates).to.include({ delivered: 1, corrupted: 1, unanswered: 1 });
    });

    it("counts none of them a second time in a second reading either", () => {
      const collecting = new Collecting();
      const records = [collecting.of(0), collecting.of(0), collecting.of(1)];
      collecting.takeMissing(...records);
      collecting.collector.takeMissing({
        shardId: "one",
        records,
        repeated: new Set(records),
        receivedAt: 9_500,
      });
      expect(collecting.ledger.counts()).to.include({ duplicates: 1 });
    });
  });

  describe("given records of the run that its file lost in a power failure", () => {
    const resumed = (bytes: Buffer) => {
      const collecting = new Collecting();
      collecting.take("one", collecting.of(3, bytes), collecting.of(70_000, bytes));
      for (const index of [3, 70_000]) {
        collecting.ledger.put(index, BYTES);
        collecting.ledger.onAttempt(index, 2_000);
        collecting.ledger.onEnd(index, acknowledged("one"));
        collecting.take("one", collecting.of(index));
      }
      return collecting;
    };

    it("takes them for the run's own, and their copies for duplicates that the lost attempts explain", () => {
      const { collector, ledger } = resumed(BYTES);
      expect(collector.recordsForeign).to.equal(0);
      expect(collector.shards(["one"])[0]).to.include({ recordsRead: 4 });
      expect(ledger.counts()).to.include({ duplicates: 2, unexplainedDuplicates: 0 });
      expect(ledger.counts().fates).to.include({ delivered: 2, corrupted: 0 });
    });

    it("finds out that they have other bytes, once it knows the event's", () => {
      expect(resumed(Buffer.from("changed")).ledger.counts().fates).to.include({
        delivered: 0,
        corrupted: 2,
      });
    });
  });

  it("has a row for each shard that was read or acknowledged, with what is of this run", () => {
    const collecting = new Collecting();
    collecting.ledger.onEnd(0, acknowledged("one"));
    collecting.ledger.onEnd(1, acknowledged("three"));
    collecting.take("one", collecting.of(0), collecting.of(0), foreign("user-1"));
    expect(collecting.collector.shards(["two", "one"])).to.deep.equal([
      { shardId: "one", eventsAcknowledged: 1, recordsRead: 2 },
      { shardId: "three", eventsAcknowledged: 1, recordsRead: 0 },
      { shardId: "two", eventsAcknowledged: 0, recordsRead: 0 },
    ]);
  });

  it("counts the records of other parts, and the foreign ones only in its own shards", () => {
    const key = runKeyOf("AAAAAAAAAAAA", { index: 0, count: 2 });
    const ledger = new Ledger();
    ledger.onAttempt(added(ledger, BYTES), 1_000);
    const collector = new Collector(ledger, key, new Timeline(0));
    const records = [0, 1, 3].map((number) => foreign(`amplitude-kinesis.AAAAAAAAAAAA.${number}`));
    const batch = { shardId: "one", records: [...records, foreign("user-1")], receivedAt: 1_500 };
    collector.take(batch);
    collector.take({ ...batch, shardId: "two", isOfOtherPart: true });
    collector.takeMissing(batch);
    expect(collector).to.include({ recordsForeign: 1, recordsOfOtherParts: 4 });
    expect(ledger.counts()).to.include({ duplicates: 1 });
  });
});
