import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { DeliveryFaults } from "../../../sandbox/amplitude/deliveryFaults";
import { type LocalAmplitude, startAmplitude } from "../../../sandbox/amplitude/server";
import { deploy, recordsOf } from "../../delivery/deployment/deploy";
import { until } from "../../until";
import { type Fixture, sharedAws, trustOf } from "../aws/localAws";

describe("the stand-in for Amplitude", () => {
  let aws: Fixture;
  let amplitude: LocalAmplitude;
  before(async () => {
    aws = await sharedAws();
  });
  beforeEach(async () => {
    const access = { endpoint: aws.endpoint, credentials: aws.principals.amplitude };
    const habits = { p95Ms: 20, duplicateRate: 0, reorderRate: 0, retryDelayMs: 5, retries: 2 };
    amplitude = await startAmplitude({ aws: access, habits });
  });
  afterEach(() => amplitude.stop());
  after(() => aws.remove());

  const events = [
    { event_type: "A", user_id: "user-1", insert_id: "1" },
    { event_type: "B", user_id: "user-1", insert_id: "2" },
  ];
  const post = async (path: string, body: Buffer | string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, amplitude.url), {
      method: "POST",
      body: body as string,
      headers,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const upload = (apiKey = amplitude.apiKey) => JSON.stringify({ api_key: apiKey, events });

  for (const path of ["/2/httpapi", "/batch"]) {
    it(`accepts events at ${path}, also with gzip, and each only once`, async () => {
      const { status, body } = await post(path, upload());
      expect({ status, ...body }).to.include({ status: 200, code: 200, events_ingested: 2 });
      expect(body.payload_size_bytes).to.equal(Buffer.byteLength(upload()));
      const again = await post(path, gzipSync(upload()), { "content-encoding": "gzip" });
      expect(again.status).to.equal(200);
      expect(amplitude.eventsDeduplicated).to.equal(2);
    });
  }

  it("reports an invalid upload with the status in its body", async () => {
    expect(await post("/2/httpapi", upload("wrong"))).to.deep.equal({
      status: 400,
      body: { code: 400, error: "Invalid API key: wrong" },
    });
    expect((await post("/3/httpapi", upload())).status).to.equal(404);
    amplitude.failNext(1, 503);
    expect((await post("/2/httpapi", upload())).status).to.equal(503);
    expect((await post("/2/httpapi", upload())).status).to.equal(200);
  });

  it("responds with 429 and the users that exceed the rate limit", async () => {
    const many = Array.from({ length: 1_000 }, () => ({ event_type: "A", user_id: "user-1" }));
    const { status, body } = await post(
      "/2/httpapi",
      JSON.stringify({ api_key: amplitude.apiKey, events: many }),
    );
    expect(status).to.equal(429);
    expect(body).to.deep.include({ eps_threshold: 30, throttled_users: { "user-1": 34 } });
    expect(body.throttled_events).to.have.length(1_000);
  });

  it("checks its permissions as the role, assumes it, and writes one row per record", async () => {
    const outputs = await deploy(aws);
    const { check, destination } = await amplitude.connect(outputs);
    expect(check).to.deep.equal({ allowed: true });
    await post("/2/httpapi", upload());
    await until(() => destination.waiting === 0 && destination.metrics.eventsDelivered === 2);
    const records = await recordsOf(aws, outputs.streamName);
    const rows = records.map(({ bytes }) => JSON.parse(bytes.toString()));
    expect(rows.map(({ $insert_id }) => $insert_id)).to.have.members(["1", "2"]);
    expect(records.map(({ partitionKey }) => partitionKey)).to.have.members(rows.map(({ uuid }) => uuid));
  });

  it("can't use a role that doesn't trust Amplitude, and drops a row after its attempts", async () => {
    const outputs = await deploy(aws, { trust: trustOf("arn:aws:iam::444455556666:root") });
    const { check, destination } = await amplitude.connect(outputs);
    expect(check).to.have.property("allowed", false);
    expect(check).to.have.property("reason").that.includes("AccessDenied");
    await post("/2/httpapi", upload());
    await until(() => destination.metrics.eventsExpired === 2);
    expect(destination.metrics).to.include({ eventsDelivered: 0 });
    expect(await recordsOf(aws, outputs.streamName)).to.deep.equal([]);
  });

  it("names the action that its role lacks", async () => {
    const outputs = await deploy(aws, {
      statements: ({ streamArn, roleArn }) => [
        {
          Effect: "Allow",
          Action: ["kinesis:PutRecord", "iam:SimulatePrincipalPolicy"],
          Resource: [streamArn, roleArn],
        },
      ],
    });
    const { check } = await amplitude.connect(outputs);
    expect(check)
      .to.have.property("reason")
      .that.matches(/may not kinesis:PutRecords \(implicitDeny\)/);
  });

  it("sends only events that its filter selects, and none while it is disabled", async () => {
    const outputs = await deploy(aws);
    const { destination } = await amplitude.connect(outputs);
    destination.filter = (eventType) => eventType === "B";
    await post("/2/httpapi", upload());
    await until(() => destination.metrics.eventsDelivered === 1);
    destination.enabled = false;
    await post(
      "/batch",
      JSON.stringify({ api_key: amplitude.apiKey, events: [{ ...events[1], insert_id: "3" }] }),
    );
    expect(destination.metrics.eventsDiscarded).to.equal(2);
    expect(await recordsOf(aws, outputs.streamName)).to.have.length(1);
  });

  it("logs the truth about seeded faults, and counts them in its delivery metrics", async () => {
    const outputs = await deploy(aws);
    const { destination } = await amplitude.connect(outputs);
    const faults = new DeliveryFaults({
      seed: "1",
      dropped: 0.2,
      doubled: 0.2,
      changed: 0.2,
      filteredTypes: ["C"],
    });
    destination.faults = faults;
    const many = Array.from({ length: 60 }, (_, number) => ({
      event_type: number % 6 === 0 ? "C" : "A",
      user_id: `user-${number}`,
      insert_id: `${number}`,
    }));
    await post("/batch", JSON.stringify({ api_key: amplitude.apiKey, events: many }));
    await until(() => destination.waiting === 0 && faults.truths.length === 60);
    const written = faults.truths.flatMap(({ uuid, copies }) =>
      copies.flatMap(({ writtenAt }) => (writtenAt === undefined ? [] : [uuid])),
    );
    const records = await recordsOf(aws, outputs.streamName);
    const uuids = records.map(({ bytes }) => JSON.parse(bytes.toString()).uuid);
    expect(uuids.sort()).to.deep.equal(written.sort());
    const query = `sync_id=${destination.syncId}&time_period=TEN_MINUTES`;
    const response = await fetch(
      new URL(`/api/2/event-streaming/delivery-metrics-summary?${query}`, amplitude.url),
      { headers: { authorization: `Basic ${btoa(`${amplitude.apiKey}:${amplitude.secretKey}`)}` } },
    );
    const dropped = faults.truths.filter(({ fate }) => fate === "dropped").length;
    expect(dropped).to.be.greaterThan(0);
    expect(await response.json()).to.include({
      eventsDelivered: 50 - dropped,
      eventsExpired: dropped,
      eventsDiscarded: 10,
      eventsNotDelivered: 10 + dropped,
    });
  });
});
