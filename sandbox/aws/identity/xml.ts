import { randomUUID } from "node:crypto";
import { XMLBuilder } from "fast-xml-parser";
import type { Answer, AwsError } from "../protocol";
import type { Result } from "./operation";

const builder = new XMLBuilder({ format: false, ignoreAttributes: false, suppressBooleanAttributes: false });

/** The answer of a successful operation; operations without a result have no result element. */
export function resultXml(action: string, namespace: string, result: Result | undefined): Answer {
  const requestId = randomUUID();
  return xml(200, requestId, {
    [`${action}Response`]: {
      "@_xmlns": namespace,
      ...(result && { [`${action}Result`]: toElements(result) }),
      ResponseMetadata: { RequestId: requestId },
    },
  });
}

export function errorXml({ code, message, status }: AwsError): Answer {
  const requestId = randomUUID();
  const fault = status >= 500 ? "Receiver" : "Sender";
  return xml(status, requestId, {
    ErrorResponse: { Error: { Type: fault, Code: code, Message: message }, RequestId: requestId },
  });
}

function xml(status: number, requestId: string, document: object): Answer {
  const headers = { "content-type": "text/xml", "x-amzn-requestid": requestId };
  return { status, headers, body: `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}` };
}

/** Lists become `<member>` elements, times ISO 8601; what is undefined is left out. */
function toElements(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return { member: value.map(toElements) };
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, toElements(field)]));
}
