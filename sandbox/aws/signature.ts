import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AccessKey, AccessKeys } from "./principals";
import { AwsError, Refusal } from "./protocol";

export interface HttpCall {
  method: string;
  path: string;
  query: Record<string, string | string[]>;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

export interface Signed {
  key: AccessKey;
  region: string;
  service: string;
}

interface Claim extends Signed {
  signedHeaders: Set<string>;
  signature: string;
  signedAt: Date;
}

/** AWS rejects a request whose signature is more than five minutes off its clock. */
const MAX_SKEW_MS = 5 * 60 * 1000;

/** Returns the key, region and service of a signed request. @throws Refusal unless the signature is valid. */
export async function verifySignature(call: HttpCall, keys: AccessKeys, now: Date): Promise<Signed> {
  const claim = readClaim(call, keys);
  checkSession(claim.key, call.headers["x-amz-security-token"], now);
  checkAge(claim.signedAt, now);
  const expected = await sign(call, claim);
  if (!sameText(expected, claim.signature)) {
    throw mismatch(
      "The request signature we calculated does not match the signature you provided. " +
        "Check your AWS Secret Access Key and signing method.",
    );
  }
  return { key: claim.key, region: claim.region, service: claim.service };
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$/;
const SCOPE = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/;

function readClaim(call: HttpCall, keys: AccessKeys): Claim {
  const authorization = call.headers.authorization;
  if (authorization === undefined) {
    throw new Refusal("MissingAuthenticationToken", "Request is missing Authentication Token");
  }
  const [, credential = "", headerNames, signature] = AUTHORIZATION.exec(authorization) ?? [];
  const [, accessKeyId, day, region, service] = SCOPE.exec(credential) ?? [];
  if (!accessKeyId || !day || !region || !service || !headerNames || !signature) {
    throw new Refusal("IncompleteSignature", "The Authorization header is not a Signature Version 4 header.");
  }
  const signedHeaders = new Set(headerNames.split(";"));
  const signedAt = readDate(call.headers["x-amz-date"], day);
  checkSignedHeaders(signedHeaders, call.headers);
  const key = keys.find(accessKeyId);
  if (key === undefined) throw unknownToken();
  return { key, region, service, signedHeaders, signature, signedAt };
}

function readDate(header: string | undefined, day: string): Date {
  const [, date, hours, minutes, seconds] = /^(\d{8})T(\d\d)(\d\d)(\d\d)Z$/.exec(header ?? "") ?? [];
  if (date === undefined) {
    throw new Refusal(
      "IncompleteSignature",
      "Authorization header requires existence of an 'X-Amz-Date' header.",
    );
  }
  if (date !== day)
    throw mismatch(`Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date`);
  const dashed = date.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
  return new Date(`${dashed}T${hours}:${minutes}:${seconds}Z`);
}

/** A signature that leaves out the host or the date could be replayed elsewhere or later. */
function checkSignedHeaders(signedHeaders: Set<string>, headers: Record<string, string>): void {
  for (const name of ["host", "x-amz-date"]) {
    if (!signedHeaders.has(name)) throw mismatch(`${name} must be a signed header.`);
  }
  for (const name of signedHeaders) {
    if (headers[name] === undefined) throw mismatch(`The signed header ${name} is missing.`);
  }
}

function checkSession(key: AccessKey, token: string | undefined, now: Date): void {
  if (key.temporary === undefined) {
    if (token !== undefined) throw unknownToken();
    return;
  }
  if (token === undefined || !sameText(token, key.temporary.sessionToken)) throw unknownToken();
  if (now >= key.temporary.expiration) {
    throw new Refusal("ExpiredToken", "The security token included in the request is expired");
  }
}

function checkAge(signedAt: Date, now: Date): void {
  if (Math.abs(now.getTime() - signedAt.getTime()) <= MAX_SKEW_MS) return;
  const isEarly = signedAt > now;
  throw mismatch(
    `Signature ${isEarly ? "not yet current" : "expired"}: ${signedAt.toISOString()} is ` +
      `${isEarly ? "still later" : "now earlier"} than 5 min. from ${now.toISOString()}`,
  );
}

/** Always computes the payload's hash, so that a body other than the signed one can't pass. */
async function sign(call: HttpCall, claim: Claim): Promise<string> {
  const payloadHash = createHash("sha256").update(call.body).digest("hex");
  const declaredHash = call.headers["x-amz-content-sha256"];
  if (declaredHash !== undefined && declaredHash !== payloadHash) {
    throw mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  const { accessKeyId, secretAccessKey, temporary } = claim.key;
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(temporary && { sessionToken: temporary.sessionToken }),
  };
  const { region, service, signedHeaders, signedAt } = claim;
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256, applyChecksum: false });
  const headers = { ...pick(call.headers, signedHeaders), "x-amz-content-sha256": payloadHash };
  const unsignedHeaders = ["x-amz-content-sha256", "x-amz-security-token"].filter(
    (name) => !signedHeaders.has(name),
  );
  const request = new HttpRequest({ method: call.method, path: call.path, query: call.query, headers });
  const signed = await signer.sign(request, {
    signingDate: signedAt,
    signableHeaders: signedHeaders,
    unsignableHeaders: new Set(unsignedHeaders),
  });
  return /Signature=([0-9a-f]{64})$/.exec(signed.headers.authorization ?? "")?.[1] ?? "";
}

function pick(headers: Record<string, string>, names: Set<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.has(name)));
}

function sameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function mismatch(message: string): Refusal {
  return new Refusal("SignatureMismatch", message);
}

function unknownToken(): Refusal {
  return new Refusal("UnknownKey", "The security token included in the request is invalid.");
}

/** PutRecords accepts 10 MiB of records, which base64 enlarges by a third. */
const MAX_BODY_BYTES = 15 * 1024 * 1024;

export async function readHttpCall(incoming: IncomingMessage): Promise<HttpCall> {
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  return {
    method: incoming.method ?? "",
    path: url.pathname,
    query: readQuery(url.searchParams),
    headers: readHeaders(incoming),
    body: await readBody(incoming),
  };
}

/** A repeated parameter has a list of values. */
function readQuery(parameters: URLSearchParams): Record<string, string | string[]> {
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const [value = "", ...others] = parameters.getAll(name);
      return [name, others.length === 0 ? value : [value, ...others]];
    }),
  );
}

/** Joins the values of a repeated header with commas, as the signature does. */
function readHeaders(incoming: IncomingMessage): Record<string, string> {
  const entries = Object.entries(incoming.headersDistinct);
  return Object.fromEntries(entries.map(([name, values]) => [name, values?.join(",") ?? ""]));
}

/** Reads to the end even if the body is too large, because a client that is still sending would miss the response. */
async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes <= MAX_BODY_BYTES) return Buffer.concat(chunks);
  throw new AwsError(
    "RequestEntityTooLargeException",
    `The body has more than ${MAX_BODY_BYTES} bytes.`,
    413,
  );
}
