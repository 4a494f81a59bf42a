import { IAMClient } from "@aws-sdk/client-iam";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { STSClient } from "@aws-sdk/client-sts";
import { type HttpRequest, HttpResponse } from "@smithy/protocol-http";

/** An answer of AWS as it comes over HTTP. */
export interface FakeAnswer {
  status?: number;
  headers?: Record<string, string>;
  body: string;
}

/** A call as AWS sees it: the parameters of a JSON or a query request. */
export interface FakeCall {
  action: string;
  input: Record<string, unknown>;
}

type Answering = (call: FakeCall) => FakeAnswer;

/** The SDK's own clients above answers that a test gives: their serialization and errors are the real ones. */
export function configuration(answer: Answering) {
  return {
    region: "eu-central-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: HttpRequest, { abortSignal }: { abortSignal?: { aborted: boolean } } = {}) => {
        if (abortSignal?.aborted) throw Object.assign(new Error("Request aborted"), { name: "AbortError" });
        const { status = 200, headers = {}, body } = answer(callOf(request));
        return { response: new HttpResponse({ statusCode: status, headers, body: Buffer.from(body) }) };
      },
    },
  };
}

function callOf({ headers, body }: HttpRequest): FakeCall {
  const target = headers["x-amz-target"];
  const text = textOf(body);
  if (target !== undefined) return { action: target.split(".")[1] ?? "", input: JSON.parse(text) };
  const { Action = "", ...input } = Object.fromEntries(new URLSearchParams(text));
  return { action: Action, input };
}

/** Bytes by their memory, as the SDK's handler takes them: asked for their value, the SDK's own complain on the console. */
function textOf(body: string | Uint8Array): string {
  return typeof body === "string"
    ? body
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
}

export function fakeKinesis(answer: Answering): KinesisClient {
  return new KinesisClient(configuration(answer));
}

export function fakeIam(answer: Answering): IAMClient {
  return new IAMClient(configuration(answer));
}

export function fakeSts(answer: Answering): STSClient {
  return new STSClient(configuration(answer));
}

export function json(body: object, headers: Record<string, string> = {}): FakeAnswer {
  return { headers, body: JSON.stringify(body) };
}

export function jsonError(code: string, status = 400, message = `as ${code} is worded`): FakeAnswer {
  return { status, body: JSON.stringify({ __type: code, message }) };
}

/** An answer of IAM or STS. */
export function xml(action: string, result: string): FakeAnswer {
  return { body: `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>` };
}

export function xmlError(code: string, status = 400, message = `as ${code} is worded`): FakeAnswer {
  return {
    status,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  };
}
