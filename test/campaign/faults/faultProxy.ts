import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { HttpResponse } from "../../../sandbox/aws/protocol";
import type { HttpCall } from "../../../sandbox/aws/signature";
import { readHttpCall } from "../../../sandbox/aws/signature";
import { TruthLog } from "./log";
import { bodyOf, type ProxiedStream } from "./proxiedStream";
import { Reads } from "./reads";
import { ShardMap } from "./shardMap";
import { send, type WireAnswer } from "./wire";
import { type Hold, type RequestRecord, Writes } from "./writes";

export interface FaultProxyOptions extends Omit<ProxiedStream, "log" | "nameOf"> {
  /** Responds to requests for other services, such as IAM and STS, at the same endpoint. */
  others: (call: HttpCall) => Promise<HttpResponse>;
  /** Returns a record's name by its partition key. Default: the partition key. */
  nameOf?: (partitionKey: string) => string;
}

export interface FaultProxy {
  /** URL of the proxy, `http://127.0.0.1:PORT`. */
  endpoint: string;
  /** The truth about the run. */
  log: TruthLog;
  /** Number of requests that a fault holds: they wait for the clock, or forever. */
  readonly held: number;
  stop(): Promise<void>;
}

const READINGS = new Set(["ListShards", "GetShardIterator", "GetRecords"] as const);
type ReadingOperation = "ListShards" | "GetShardIterator" | "GetRecords";

/**
 * Starts a proxy in front of a Kinesis endpoint, which applies the faults of a plan and logs the truth. Every decision is
 * drawn from the plan's seed and the request's content, never from the time: see `decisions.ts`. The proxy ignores
 * signatures, and signs its own calls.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new ProxyServer(options);
  await proxy.start();
  return proxy;
}

class ProxyServer implements FaultProxy {
  readonly log = new TruthLog();
  readonly #stream: ProxiedStream;
  readonly #shards: ShardMap;
  readonly #writes: Writes;
  readonly #reads: Reads;
  readonly #server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  readonly #stopped = new AbortController();
  #held = 0;
  #descriptions = 0;

  constructor(private readonly options: FaultProxyOptions) {
    this.#stream = { nameOf: (partitionKey) => partitionKey, ...options, log: this.log };
    this.#shards = new ShardMap(this.#stream);
    this.#writes = new Writes(this.#stream, this.#shards);
    this.#reads = new Reads(this.#stream);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get held(): number {
    return this.#held;
  }

  async start(): Promise<void> {
    await this.#shards.refresh();
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#server.close();
    this.#server.closeAllConnections();
    await Promise.all([once(this.#server, "close"), this.#writes.stop()]);
  }

  /** Reports an error of the proxy in the response, so that nobody looks for another cause. */
  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    outgoing.on("error", () => undefined);
    try {
      await this.#answer(await readHttpCall(incoming), outgoing);
    } catch (error) {
      if (incoming.errored || outgoing.destroyed) return;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`fault proxy: internal failure: ${text}\n`);
      outgoing.writeHead(500).end();
    }
  }

  async #answer(call: HttpCall, outgoing: ServerResponse): Promise<void> {
    const [, operation] = /^Kinesis_20131202\.(\w+)$/.exec(call.headers["x-amz-target"] ?? "") ?? [];
    if (operation === undefined) {
      await send(outgoing, { answer: await this.options.others(call), manner: "whole" });
      return;
    }
    const hold = this.#holding(outgoing);
    const reply = (wire: WireAnswer) => send(outgoing, { ...wire, answer: this.#dated(wire.answer) });
    const request = JSON.parse(call.body.toString());
    if (operation === "PutRecords") return this.#writes.put(request.Records as RequestRecord[], hold, reply);
    if (isReading(operation)) return this.#reads.read(operation, request, hold, reply);
    const askedAt = this.#stream.clock.now();
    const answer = await this.#stream.endpoint.call(operation, request);
    // The date has no fraction of a second.
    if (this.#descriptions === 0)
      this.log.clockOffsetMs = Date.parse(String(this.#dated(answer).headers.date)) + 1_000 - askedAt;
    await reply({
      answer: operation === "DescribeStreamSummary" ? this.#described(answer) : answer,
      manner: "whole",
    });
  }

  /** Returns the stream's description, which may change after the first one. */
  #described(answer: HttpResponse): HttpResponse {
    const { changed } = this.#stream.plan;
    this.#descriptions += 1;
    if (changed === undefined || this.#descriptions === 1 || answer.status !== 200) return answer;
    const { StreamDescriptionSummary: summary, ...rest } = bodyOf(answer);
    const change =
      changed === "kept-shorter"
        ? { RetentionPeriodHours: 1 }
        : { StreamCreationTimestamp: this.#stream.clock.now() / 1000 };
    const body = { ...rest, StreamDescriptionSummary: { ...(summary as object), ...change } };
    return { ...answer, body: JSON.stringify(body) };
  }

  #holding(outgoing: ServerResponse): Hold {
    const held = async (wait: Promise<unknown>) => {
      this.#held += 1;
      await wait.finally(() => {
        this.#held -= 1;
      });
    };
    const closed = new Promise<void>((resolve) => outgoing.once("close", resolve));
    return {
      delay: (ms) => held(this.#stream.clock.sleep(ms, this.#stopped.signal)),
      silence: () => held(closed),
    };
  }

  /** Clients take the service's clock from this header. */
  #dated(answer: HttpResponse): HttpResponse {
    const { clock, plan } = this.#stream;
    const time = Date.parse(answer.headers.date ?? "") || clock.now();
    return { ...answer, headers: { ...answer.headers, date: new Date(time + plan.skewMs).toUTCString() } };
  }
}

function isReading(operation: string): operation is ReadingOperation {
  return (READINGS as ReadonlySet<string>).has(operation);
}
