import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";

const CREATED = "http.client.request.created";

/** Counts this process's HTTP requests to one server that have begun and not ended in any way. */
export class RequestsInFlight {
  readonly #host: string;
  #count = 0;
  readonly #onCreated = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    if (request.getHeader("host") !== this.#host) return;
    this.#count += 1;
    request.once("close", () => {
      this.#count -= 1;
    });
  };

  /** @param url URL of the server. */
  constructor(url: string) {
    this.#host = new URL(url).host;
    subscribe(CREATED, this.#onCreated);
  }

  get count(): number {
    return this.#count;
  }

  stop(): void {
    unsubscribe(CREATED, this.#onCreated);
  }
}
