import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { Sha256 } from "@aws-crypto/sha256-js";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { HttpResponse } from "../../../sandbox/aws/protocol";
import type { HttpCall } from "../../../sandbox/aws/signature";
import type { KinesisEndpoint } from "../kinesisEndpoint";

export interface SignedEndpointOptions {
  /** URL of the endpoint, such as `http://127.0.0.1:4566`. */
  url: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

/** Calls Kinesis at a plain-HTTP endpoint with these keys. */
export function signedEndpoint({ url, region, credentials }: SignedEndpointOptions): KinesisEndpoint {
  const { host } = new URL(url);
  const signer = new SignatureV4({ credentials, region, service: "kinesis", sha256: Sha256 });
  return {
    async call(operation, input) {
      const body = JSON.stringify(input);
      const headers = {
        host,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `Kinesis_20131202.${operation}`,
      };
      const signed = await signer.sign(new HttpRequest({ method: "POST", path: "/", headers, body }));
      return post(url, signed.headers, body);
    },
  };
}

/** Forwards a call unchanged, including its signature. Only an endpoint that doesn't check the host accepts it. */
export function passedOn(url: string): (call: HttpCall) => Promise<HttpResponse> {
  return ({ headers, body }) => post(url, headers, body);
}

function post(url: string, headers: Record<string, string>, body: string | Buffer): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: "POST", headers, agent: false });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const { statusCode = 500, headers: answered } = incoming;
      const kept = ["content-type", "date"].flatMap((name) => {
        const value = answered[name];
        return typeof value === "string" ? [[name, value]] : [];
      });
      buffer(incoming).then(
        (bytes) => resolve({ status: statusCode, headers: Object.fromEntries(kept), body: bytes }),
        reject,
      );
    });
    outgoing.end(body);
  });
}
