import { expect } from "chai";
import { newRunKey } from "../../../../delivery/common/runId";
import { Timeline } from "../../../../delivery/common/timeline";
import { ingestEvent } from "../../../../delivery/verify/amplitude/ingestEvent";
import { AmplitudeLedger, RowCollector } from "../../../../delivery/verify/amplitude/ledger";
import { aggregated } from "../../events/aggregated";

describe("The collector of a run's rows", () => {
  it("reads aggregated records", () => {
    const ledger = new AmplitudeLedger();
    const made = { events: 2, eventTypes: ["A"], key: newRunKey(), startedAt: 0 };
    const texts = [0, 1].map((number) => {
      const event = ingestEvent(made, number, 0);
      ledger.onRequest([ledger.add(event)], 0);
      return JSON.stringify({ $insert_id: event.insert_id, uuid: number });
    });
    const collector = new RowCollector(ledger, made.key, new Timeline(0), 7);
    const strangers = JSON.stringify({ $insert_id: "x", app: 8 });
    const records = [
      { Data: aggregated(texts.map((text) => ["a", text])) },
      { Data: aggregated([["a", strangers]]) },
    ].map((record) => ({ ...record, SequenceNumber: "1", PartitionKey: "a" }));
    collector.take({ shardId: "shardId-000000000000", records, receivedAt: 5 });
    expect(ledger.outstanding).to.equal(0);
    expect(collector).to.deep.include({ recordsNotUnderstood: 0, recordsForeign: 1 });
    expect([...collector.unexpectedApps]).to.deep.equal([[8, 1]]);
  });
});
