import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from "node:crypto";
import type { Checksum, SourceData } from "@smithy/types";

/**
 * SHA-256 for the SDK's signatures, by Node. The SDK's own gives HMAC its keys as bytes, for each of which Node throws and
 * catches an error within: three times the cost.
 */
export class Sha256 implements Checksum {
  readonly digestLength = 32;
  readonly #key: KeyObject | undefined;
  #hash: Hash | Hmac;

  /** @param secret makes it the HMAC with this key. */
  constructor(secret?: SourceData) {
    this.#key = secret === undefined ? undefined : keyOf(secret);
    this.#hash = this.#begun();
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  /** Ends it, until `reset`. */
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begun();
  }

  #begun(): Hash | Hmac {
    return this.#key === undefined ? createHash("sha256") : createHmac("sha256", this.#key);
  }
}

function keyOf(secret: SourceData): KeyObject {
  if (typeof secret === "string") return createSecretKey(secret, "utf8");
  if (secret instanceof ArrayBuffer) return createSecretKey(Buffer.from(secret));
  return createSecretKey(Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength));
}
