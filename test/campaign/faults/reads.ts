import type { HttpResponse } from "../../../sandbox/aws/protocol";
import { lookupFault, readFault } from "./decisions";
import { draw, drawWhole } from "./draw";
import { REQUEST_FAULTS, type ReadFaultName, type RequestFault, type RequestFaultName } from "./faults";
import type { Copy, Reading } from "./log";
import { bodyOf, type ProxiedStream } from "./proxiedStream";
import { isCarriedOut, isClear, underFault } from "./wire";
import type { Hold, Reply } from "./writes";

type Json = Record<string, unknown>;

interface ServedRecord {
  SequenceNumber: string;
  PartitionKey: string;
  /** Epoch time in seconds. */
  ApproximateArrivalTimestamp: number;
}

/** Maximum lag that a response without records reports, in ms. */
const MAX_LAG_MS = 2_000;
const NOTHING: HttpResponse = { status: 200, headers: {}, body: "{}" };

/** Serves ListShards, GetShardIterator and GetRecords with the plan's faults. */
export class Reads {
  readonly #calls = new Map<string, number>();
  readonly #shardOf = new Map<string, string>();
  readonly #leftOut = new Set<Copy>();
  /** First iterator per shard, for responses from an earlier position. */
  readonly #earliest = new Map<string, string>();
  readonly #numbers = new ToldNumbers();

  constructor(private readonly stream: ProxiedStream) {}

  async read(operation: Reading["operation"], request: Json, hold: Hold, reply: Reply): Promise<void> {
    const { log, clock, plan } = this.stream;
    const shardId = this.#shardIn(request);
    const call = this.#count(operation, shardId);
    const reading = log.read({ operation, shardId, begunAt: clock.now(), outcome: "pending" });
    const name =
      operation === "GetRecords"
        ? readFault(plan, shardId, call)
        : lookupFault(plan, operation, shardId, call);
    const fault = faultOf(name);
    if (fault?.kind === "silence") return hold.silence();
    // A fault that ends the reading is delayed, so that requests in flight end before it and chance plays no part.
    if (isOutage(plan, shardId, call)) await hold.delay(1);
    if (fault?.kind === "delay")
      await hold.delay(draw(plan.seed, "delay", operation, shardId, call) * plan.longestDelayMs);
    const answer = isCarriedOut(fault) ? await this.#carryOut(operation, request, name, call) : NOTHING;
    const delivered = await reply(underFault(fault, this.#told(operation, shardId, answer)));
    reading.endedAt = clock.now();
    note(reading, fault, answer, delivered);
    if (plan.toldLag !== undefined) delete reading.behindMs;
    if (reading.lastArrivalAt !== undefined) reading.lastArrivalAt -= log.clockOffsetMs;
  }

  /** Returns the response for the client. The log keeps the true one. */
  #told(operation: string, shardId: string, answer: HttpResponse): HttpResponse {
    const { toldLag } = this.stream.plan;
    const body = bodyOf(answer);
    if (operation !== "GetRecords" || body.Records === undefined) return answer;
    const records = body.Records as ServedRecord[];
    return json(answer, {
      ...body,
      ...(toldLag && { MillisBehindLatest: toldLag === "none" ? 0 : -MAX_LAG_MS * 1_000 }),
      Records: records.map((record) => ({ ...record, SequenceNumber: this.#toldNumber(shardId, record) })),
    });
  }

  #toldNumber(shardId: string, { SequenceNumber }: ServedRecord): string {
    return this.stream.log.copyAt(shardId, SequenceNumber)?.toldNumber ?? SequenceNumber;
  }

  #shardIn({ ShardId: shardId, ShardIterator: iterator }: Json): string {
    if (typeof shardId === "string") return shardId;
    return this.#shardOf.get(String(iterator)) ?? "";
  }

  #count(operation: string, shardId: string): number {
    const key = `${operation} ${shardId}`;
    const call = (this.#calls.get(key) ?? 0) + 1;
    this.#calls.set(key, call);
    return call;
  }

  async #carryOut(
    operation: string,
    request: Json,
    name: ReadFaultName | undefined,
    call: number,
  ): Promise<HttpResponse> {
    const { endpoint, plan } = this.stream;
    const { hidden } = plan;
    const shardId = this.#shardIn(request);
    if (operation !== "ListShards" && !hidden.areReadable && hidden.shardIds.includes(shardId)) {
      return { status: 400, headers: {}, body: JSON.stringify({ __type: "ResourceNotFoundException" }) };
    }
    if (name === "none-yet") {
      const more = drawWhole(1, MAX_LAG_MS, plan.seed, shardId, call);
      return noneYet(request, (await this.#behindMs(request)) + more);
    }
    const limit = name === "few" ? { Limit: drawWhole(1, 5, plan.seed, "few", shardId, call) } : {};
    const earlier = name === "again" ? { ShardIterator: this.#earliest.get(shardId) } : {};
    const answer = await endpoint.call(operation, { ...this.#unskewed(request), ...limit, ...earlier });
    if (answer.status !== 200) return answer;
    const body = withoutHidden(bodyOf(answer), hidden.shardIds);
    if (typeof body.ShardIterator === "string" && !this.#earliest.has(shardId))
      this.#earliest.set(shardId, body.ShardIterator);
    for (const token of [body.ShardIterator, body.NextShardIterator]) {
      if (typeof token === "string") this.#shardOf.set(token, shardId);
    }
    if (operation !== "GetRecords") return json(answer, body);
    const all = body.Records as ServedRecord[];
    // A record that is left out counts too, or it would get the number of later records when it is returned.
    if (plan.sharesNumbers) this.#shareNumbers(shardId, all);
    const records = all.filter((record) => !this.#isLeftOut(shardId, record));
    return json(answer, { ...body, Records: records.map((record) => this.#skewed(record)) });
  }

  #shareNumbers(shardId: string, records: ServedRecord[]): void {
    for (const { SequenceNumber } of records) {
      const copy = this.stream.log.copyAt(shardId, SequenceNumber);
      if (copy !== undefined) copy.toldNumber ??= this.#numbers.next(shardId, SequenceNumber);
    }
  }

  /** Returns the age of the next record in ms. A response before it that reports less would be a lie. */
  async #behindMs(request: Json): Promise<number> {
    const { endpoint, clock } = this.stream;
    const { Records = [] } = bodyOf(await endpoint.call("GetRecords", { ...request, Limit: 1 }));
    const [next] = Records as ServedRecord[];
    return next === undefined ? 0 : Math.max(0, clock.now() - next.ApproximateArrivalTimestamp * 1000);
  }

  /** Converts the times in the client's request, which are those of the skewed clock. */
  #unskewed(request: Json): Json {
    const { skewMs } = this.stream.plan;
    const { Timestamp: time, ShardFilter: filter } = request as {
      Timestamp?: number;
      ShardFilter?: { Timestamp?: number };
    };
    const earlier = (seconds: number) => Math.round(seconds * 1000 - skewMs) / 1000;
    return {
      ...request,
      ...(time === undefined ? {} : { Timestamp: earlier(time) }),
      ...(filter?.Timestamp === undefined
        ? {}
        : { ShardFilter: { ...filter, Timestamp: earlier(filter.Timestamp) } }),
    };
  }

  #skewed(record: ServedRecord): ServedRecord {
    const { seed, skewMs, arrivalJitterMs } = this.stream.plan;
    const jitter = (2 * draw(seed, "arrival", record.SequenceNumber) - 1) * arrivalJitterMs;
    const arrival = record.ApproximateArrivalTimestamp + (skewMs + Math.round(jitter)) / 1000;
    return { ...record, ApproximateArrivalTimestamp: arrival };
  }

  /** Omits only a record that has no second copy and can't get one, because its first attempt was acknowledged. */
  #isLeftOut(shardId: string, { SequenceNumber, PartitionKey }: ServedRecord): boolean {
    const { plan, log, nameOf } = this.stream;
    const copy = log.copyAt(shardId, SequenceNumber);
    if (copy === undefined || plan.leftOut === 0 || this.#leftOut.has(copy)) return false;
    const [first, ...later] = log.attemptsOf(PartitionKey);
    const isSole = log.copies.filter(({ partitionKey }) => partitionKey === PartitionKey).length === 1;
    if (first?.told?.kind !== "acknowledged" || later.length > 0 || !isSole) return false;
    if (draw(plan.seed, "left-out", nameOf(PartitionKey)) >= plan.leftOut) return false;
    this.#leftOut.add(copy);
    return true;
  }
}

function faultOf(name: ReadFaultName | undefined): RequestFault | undefined {
  return name === undefined || !Object.hasOwn(REQUEST_FAULTS, name)
    ? undefined
    : REQUEST_FAULTS[name as RequestFaultName];
}

function withoutHidden(body: Json, hidden: string[]): Json {
  const listed = (name: string) =>
    Array.isArray(body[name])
      ? { [name]: body[name].filter(({ ShardId }: { ShardId: string }) => !hidden.includes(ShardId)) }
      : {};
  return { ...body, ...listed("Shards"), ...listed("ChildShards") };
}

function isOutage({ readOutages }: ProxiedStream["plan"], shardId: string, call: number): boolean {
  return readOutages.some(
    ({ shardId: of, fromCall, calls }) => of === shardId && call >= fromCall && call < fromCall + calls,
  );
}

/** Returns no records and the same iterator, as AWS may do at any time. */
function noneYet({ ShardIterator }: Json, behindMs: number): HttpResponse {
  const body = { Records: [], NextShardIterator: ShardIterator, MillisBehindLatest: behindMs };
  return json({ status: 200, headers: { "content-type": "application/x-amz-json-1.1" }, body: "" }, body);
}

function json(answer: HttpResponse, body: object): HttpResponse {
  return { ...answer, body: JSON.stringify(body) };
}

function note(
  reading: Reading,
  fault: RequestFault | undefined,
  answer: HttpResponse,
  delivered: boolean,
): void {
  if (!delivered) {
    reading.outcome = { code: isClear(fault) ? "no answer" : (fault?.kind ?? "") };
    return;
  }
  if (fault?.kind === "error" || fault?.kind === "page") {
    reading.outcome = { code: fault.kind === "error" ? fault.code : fault.kind };
    return;
  }
  const body = bodyOf(answer);
  if (answer.status !== 200) {
    reading.outcome = { code: String(body.__type ?? answer.status) };
    return;
  }
  reading.outcome = "answered";
  if (reading.operation !== "GetRecords") return;
  reading.behindMs = Number(body.MillisBehindLatest ?? 0);
  reading.isEnd = body.NextShardIterator === undefined;
  const records = body.Records as ServedRecord[];
  reading.served = records.map(({ SequenceNumber }) => SequenceNumber);
  const last = records.at(-1);
  if (last !== undefined) reading.lastArrivalAt = Math.round(last.ApproximateArrivalTimestamp * 1000);
}

/** Maximum number of consecutive records with the same number. */
const SHARING = 4;

/** Sequence numbers in responses: up to four consecutive records of a shard have the number of the first. */
class ToldNumbers {
  /** Current number per shard, and how many records have it. */
  readonly #current = new Map<string, { number: string; records: number }>();

  /** @param number True number of the shard's next record. */
  next(shardId: string, number: string): string {
    const current = this.#current.get(shardId);
    if (current === undefined || current.records === SHARING) {
      this.#current.set(shardId, { number, records: 1 });
      return number;
    }
    current.records += 1;
    return current.number;
  }
}
