import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import type { HttpResponse } from "../../../sandbox/aws/protocol";
import type { RequestFault } from "./faults";

/** A response, and how it is sent. */
export type Manner = "whole" | "slow" | "cut" | "reset";

export interface WireAnswer {
  answer: HttpResponse;
  manner: Manner;
}

const DROPS = 8;
const PAGE = "<html><body>Please log in to this network</body></html>";

/** @returns Whether the client received the whole response. */
export async function send(outgoing: ServerResponse, { answer, manner }: WireAnswer): Promise<boolean> {
  if (outgoing.destroyed) return false;
  if (manner === "reset") {
    outgoing.socket?.resetAndDestroy();
    return false;
  }
  const body = Buffer.from(answer.body);
  outgoing.writeHead(answer.status, { ...answer.headers, "content-length": body.length });
  if (manner === "cut") {
    outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.socket?.destroy());
    return false;
  }
  const ended = Promise.race([
    once(outgoing, "finish").then(() => true),
    once(outgoing, "close").then(() => outgoing.writableFinished),
  ]);
  if (manner === "slow") await drip(outgoing, body);
  else outgoing.end(body);
  return ended;
}

async function drip(outgoing: ServerResponse, body: Buffer): Promise<void> {
  const size = Math.max(1, Math.ceil(body.length / DROPS));
  let at = 0;
  for (; at + size < body.length && !outgoing.destroyed; at += size) {
    outgoing.write(body.subarray(at, at + size));
    await turn();
  }
  // The response ends with its last drop: the client ignores whatever follows.
  outgoing.end(body.subarray(at));
}

/** Applies a fault to the response of a request, whether or not the request took effect. */
export function underFault(fault: RequestFault | undefined, answer: HttpResponse): WireAnswer {
  switch (fault?.kind) {
    case "error":
      return { answer: jsonError(fault.code, fault.status, answer.headers), manner: "whole" };
    case "reset":
      return { answer, manner: "reset" };
    case "cut":
      return { answer, manner: "cut" };
    case "page":
      return {
        answer: { status: 200, headers: { ...answer.headers, "content-type": "text/html" }, body: PAGE },
        manner: "whole",
      };
    case "slow":
      return { answer, manner: "slow" };
    default:
      return { answer, manner: "whole" };
  }
}

/** Whether a client gets a response that it can rely on despite this fault. */
export function isClear(fault: RequestFault | undefined): boolean {
  return fault === undefined || fault.kind === "slow" || fault.kind === "delay";
}

export function isCarriedOut(fault: RequestFault | undefined): boolean {
  if (fault === undefined) return true;
  return fault.kind === "error" || fault.kind === "reset" ? fault.carriedOut : fault.kind !== "silence";
}

function jsonError(code: string, status: number, headers: HttpResponse["headers"]): HttpResponse {
  const body = JSON.stringify({ __type: code, message: `${code}, as the plan has it` });
  return { status, headers: { ...headers, "content-type": "application/x-amz-json-1.1" }, body };
}
