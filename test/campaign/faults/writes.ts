import type { HttpResponse } from "../../../sandbox/aws/protocol";
import { entryFault, hashKeyFor, type RecordAttempt, requestFault, withAnotherByte } from "./decisions";
import { draw } from "./draw";
import { type EntryFault, MADE_UP_SHARD, REQUEST_FAULTS, type RequestFault } from "./faults";
import type { Attempt, Told } from "./log";
import { bodyOf, type ProxiedStream } from "./proxiedStream";
import type { ShardMap } from "./shardMap";
import { StreamEvents } from "./streamEvents";
import { isCarriedOut, isClear, underFault, type WireAnswer } from "./wire";

export interface RequestRecord {
  PartitionKey: string;
  Data: string;
  ExplicitHashKey?: string;
}

interface Entry extends RecordAttempt {
  record: RequestRecord;
  hashKey: string;
  logged: Attempt;
}

interface EntryAnswer {
  ShardId?: string;
  SequenceNumber?: string;
  ErrorCode?: string;
  ErrorMessage?: string;
}

/** Sends a response to the client, and resolves to whether it arrived. */
export type Reply = (wire: WireAnswer) => Promise<boolean>;

/** Holds the current request, for some time or forever. */
export interface Hold {
  delay(ms: number): Promise<void>;
  silence(): Promise<void>;
}

/** Replaces a late write of a record that may have other copies, because chance would decide how many are read by the end. */
const AT_ONCE: EntryFault = { told: "acknowledged", copies: ["whole"] };
const CODES = { throttled: "ProvisionedThroughputExceededException", failed: "InternalFailure" };
/** Sequence numbers of records that were never written. No number of a stream begins like this. */
const MADE_UP = 8n * 10n ** 55n;

/** Serves PutRecords with the plan's faults. */
export class Writes {
  readonly #streamEvents: StreamEvents;
  readonly #outages: { afterRecords: number; fault: RequestFault; left: number }[];
  readonly #late = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  #madeUp = MADE_UP;
  #requests = 0;

  constructor(
    private readonly stream: ProxiedStream,
    private readonly shards: ShardMap,
  ) {
    this.#streamEvents = new StreamEvents(stream, shards);
    this.#outages = stream.plan.writeOutages.map(({ afterRecords, fault, requests }) => ({
      afterRecords,
      fault: REQUEST_FAULTS[fault],
      left: requests,
    }));
  }

  async put(records: RequestRecord[], hold: Hold, reply: Reply): Promise<void> {
    const { plan, log, clock } = this.stream;
    this.#requests += 1;
    const entries = records.map((record) => this.#entry(record, this.#requests));
    const [first] = entries;
    await this.#streamEvents.catchUp();
    const fault = this.#outage() ?? (first && requestFault(plan, first));
    if (fault?.kind === "silence") return hold.silence();
    if (fault?.kind === "delay" && first !== undefined) {
      await hold.delay(draw(plan.seed, "delay", first.name, first.attempt) * plan.longestDelayMs);
    }
    const done = isCarriedOut(fault) ? await this.#carryOut(entries, fault) : nothing(entries);
    const delivered = await reply(underFault(fault, done.answer));
    for (const [at, { logged }] of entries.entries()) {
      log.tell(logged, toldOf(done.told[at], fault, delivered), clock.now());
    }
  }

  /** Abandons late writes. */
  async stop(): Promise<void> {
    this.#late.abort();
    await Promise.all(this.#pending);
  }

  #entry(record: RequestRecord, request: number): Entry {
    const { plan, log, clock, nameOf } = this.stream;
    const name = nameOf(record.PartitionKey);
    const logged = log.begin(record.PartitionKey, request, clock.now());
    const hashKey = record.ExplicitHashKey ?? hashKeyFor(plan, name);
    return { record, name, attempt: logged.attempt, hashKey, logged };
  }

  #outage(): RequestFault | undefined {
    const { keys } = this.stream.log;
    const outage = this.#outages.find(({ afterRecords, left }) => keys > afterRecords && left > 0);
    if (outage === undefined) return undefined;
    outage.left -= 1;
    return outage.fault;
  }

  async #carryOut(entries: Entry[], fault: RequestFault | undefined): Promise<Done> {
    const { plan } = this.stream;
    const [first] = entries;
    const decided = entries.map((entry) => {
      const drawn = entryFault(plan, entry, this.shards.shardOf(entry.hashKey), first ?? entry);
      return { entry, fault: drawn.late && (entry.attempt > 1 || !isClear(fault)) ? AT_ONCE : drawn };
    });
    const now = decided.flatMap(({ entry, fault: of }) => (of.late ? [] : this.#copies(entry, of)));
    const failure = await this.#write(now);
    if (failure !== undefined) return { answer: failure, told: entries.map(() => refusalIn(failure)) };
    for (const { entry, fault: of } of decided) {
      if (of.elsewhere) await this.#writeElsewhere(entry);
      if (of.late) this.#writeLate(entry, of);
    }
    const answers = decided.map(({ entry, fault: of }) => this.#answerOf(entry, of, now));
    const FailedRecordCount = answers.filter(({ ErrorCode }) => ErrorCode !== undefined).length;
    return {
      answer: json({ FailedRecordCount, Records: answers, EncryptionType: "KMS" }),
      told: answers.map(toldIn),
    };
  }

  #copies(entry: Entry, { copies }: Pick<EntryFault, "copies">): PendingCopy[] {
    return copies.map((kind) => ({
      entry,
      data:
        kind === "whole" ? entry.record.Data : withAnotherByte(this.stream.plan, entry.record.Data, entry),
    }));
  }

  /** @returns The endpoint's response if it rejected the whole request. */
  async #write(copies: PendingCopy[]): Promise<HttpResponse | undefined> {
    const { endpoint, streamName, log, clock } = this.stream;
    for (let from = 0; from < copies.length; from += 500) {
      const part = copies.slice(from, from + 500);
      const Records = part.map(({ entry, data }) => ({
        PartitionKey: entry.record.PartitionKey,
        ExplicitHashKey: entry.hashKey,
        Data: data,
      }));
      const answer = await endpoint.call("PutRecords", { StreamName: streamName, Records });
      if (answer.status !== 200) return answer;
      const written = bodyOf(answer).Records as EntryAnswer[];
      for (const [at, copy] of part.entries()) {
        copy.written = written[at] ?? {};
        const { ShardId: shardId, SequenceNumber: sequenceNumber } = copy.written;
        if (shardId === undefined || sequenceNumber === undefined) continue;
        const { PartitionKey: partitionKey } = copy.entry.record;
        log.wrote({ partitionKey, shardId, sequenceNumber, writtenAt: clock.now() }, copy.data);
      }
    }
    return undefined;
  }

  async #writeElsewhere({ record, hashKey }: Entry): Promise<void> {
    const { endpoint, otherStreamName } = this.stream;
    await endpoint.call("PutRecords", {
      StreamName: otherStreamName,
      Records: [{ ...record, ExplicitHashKey: hashKey }],
    });
  }

  #writeLate(entry: Entry, fault: EntryFault): void {
    const { plan, clock } = this.stream;
    const { signal } = this.#late;
    const lateMs = draw(plan.seed, "late", entry.name, entry.attempt) * plan.longestDelayMs;
    const writing = clock
      .sleep(lateMs, signal)
      .then(async () => {
        if (!signal.aborted) await this.#write(this.#copies(entry, fault));
      })
      .finally(() => this.#pending.delete(writing));
    this.#pending.add(writing);
  }

  #answerOf(entry: Entry, { told, blankCode, misplaced }: EntryFault, written: PendingCopy[]): EntryAnswer {
    const first = written.find((copy) => copy.entry === entry)?.written;
    if (first?.ErrorCode !== undefined) return first;
    if (told !== "acknowledged") return { ErrorCode: CODES[told], ErrorMessage: "as the plan has it" };
    if (first !== undefined) {
      return {
        ...first,
        ...(blankCode && { ErrorCode: "", ErrorMessage: "" }),
        ...(misplaced && { ShardId: MADE_UP_SHARD }),
      };
    }
    this.#madeUp += 1n;
    return { ShardId: this.shards.shardOf(entry.hashKey), SequenceNumber: String(this.#madeUp) };
  }
}

interface PendingCopy {
  entry: Entry;
  data: string;
  written?: EntryAnswer;
}

interface Done {
  answer: HttpResponse;
  /** The client's view of each entry, if the response arrives. */
  told: (Told | undefined)[];
}

function nothing(entries: Entry[]): Done {
  return { answer: json({}), told: entries.map(() => undefined) };
}

function json(value: object): HttpResponse {
  return {
    status: 200,
    headers: { "content-type": "application/x-amz-json-1.1" },
    body: JSON.stringify(value),
  };
}

function toldOf(told: Told | undefined, fault: RequestFault | undefined, delivered: boolean): Told {
  if (fault?.kind === "error" && delivered) {
    return fault.status < 500
      ? { kind: "refused", code: fault.code }
      : { kind: "unclear", why: `${fault.status} ${fault.code}` };
  }
  if (!isClear(fault)) return { kind: "unclear", why: fault?.kind ?? "" };
  return (delivered ? told : undefined) ?? { kind: "unclear", why: "no answer" };
}

/** Treats an InternalFailure as unclear, because the record may have been written. */
function toldIn({ ErrorCode: code, ShardId: shardId = "" }: EntryAnswer): Told {
  if (code === undefined || code === "") return { kind: "acknowledged", shardId };
  return code === CODES.throttled ? { kind: "refused", code } : { kind: "unclear", why: code };
}

function refusalIn(answer: HttpResponse): Told {
  const code = String(bodyOf(answer).__type ?? answer.status);
  return answer.status < 500 ? { kind: "refused", code } : { kind: "unclear", why: code };
}
