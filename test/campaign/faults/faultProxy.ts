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
  /** Answers what is not for Kinesis: IAM, STS and whatever else the client asks of the one endpoint. */
  others: (call: HttpCall) => Promise<HttpResponse>;
  /** Default: the partition key itself. */
  nameOf?: (partitionKey: string) => string;
}

export interface FaultProxy {
  /** `http://127.0.0.1:PORT`. */
  endpoint: string;
  /** What truly happened. */
  log: TruthLog;
  /** Requests that are not answered yet because of a fault: they wait for the clock, or for good. */
  readonly held: number;
  stop(): Promise<void>;
}

const READINGS = new Set(["ListShards", "GetShardIterator", "GetRecords"] as const);
type ReadingOperation = "ListShards" | "GetShardIterator" | "GetRecords";

/**
 * Stands before a Kinesis endpoint, does to what comes the faults of a plan, and logs the truth. Every decision is drawn
 * from the plan's seed and from what the request is about, never from the time: see `decisions.ts`. Signatures are not
 * looked at: what is behind is asked with the proxy's own keys.
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

  /** A failure of the proxy's own is answered as such: nobody else's fault is to be looked for. */
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

  /** The stream's description, which may change after the first one. */
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
