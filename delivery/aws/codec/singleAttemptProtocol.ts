import { IncomingMessage } from "node:http";
import type { Writable } from "node:stream";
import { type HandlerExecutionContext, type MetadataBearer, SMITHY_CONTEXT_KEY } from "@smithy/types";
import { MemoryPool } from "../../common/memoryPool";
import { KinesisProtocol } from "./kinesisProtocol";
import type { Allocate } from "./putRecords";

type Deserialize = KinesisProtocol["deserializeResponse"];

/**
 * For a client that makes each request once alone: it writes the next requests' bodies into the memory of those that are
 * over. A body is over once its request was handed to the operating system to the last byte, and answered with a success;
 * that of any other is left to the garbage collector, since it may still be on its way.
 */
export class SingleAttemptProtocol extends KinesisProtocol {
  readonly #pool = new MemoryPool();
  /** By what the SDK keeps for one call. */
  readonly #lent = new WeakMap<object, Buffer>();

  protected override allocateFor(context: HandlerExecutionContext): Allocate {
    return (bytes) => {
      const body = this.#pool.take(bytes);
      const call = context[SMITHY_CONTEXT_KEY];
      if (call !== undefined) this.#lent.set(call, body);
      return body;
    };
  }

  override async deserializeResponse<Output extends MetadataBearer>(
    ...[schema, context, response]: Parameters<Deserialize>
  ): Promise<Output> {
    const answer = await super.deserializeResponse<Output>(schema, context, response);
    const call = (context as HandlerExecutionContext)[SMITHY_CONTEXT_KEY];
    const body = call && this.#lent.get(call);
    if (call === undefined || body === undefined || !wasSent(response.body)) return answer;
    this.#lent.delete(call);
    this.#pool.giveBack(body);
    return answer;
  }
}

/** Node keeps the request with its answer, without documenting it: where it is not there, nothing counts as sent. */
function wasSent(answer: unknown): boolean {
  if (!(answer instanceof IncomingMessage)) return false;
  const { req } = answer as IncomingMessage & { req?: Writable };
  return answer.complete && req?.writableFinished === true;
}
