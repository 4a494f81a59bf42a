import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { SettingsError, SourceError } from "../../../delivery/common/errors";
import { AmplitudeClient, type AmplitudeClientOptions } from "../../../delivery/reconcile/amplitudeClient";
import { failureOf } from "../../sandbox/aws/localAws";
import { VirtualClock } from "../common/virtualClock";

const HOUR = Date.parse("2026-11-27T09:00:00Z");
const API_KEY = "planted-api-key-0123456789";
const SECRET_KEY = "planted-secret-key-0123456789";

describe("The client of Amplitude's APIs", () => {
  let server: Server;
  let statuses: number[] = [];
  let body = "zip";
  const requests: { path: string | undefined; authorization: string | undefined }[] = [];
  before(async () => {
    server = createServer(({ url, headers: { authorization } }, response) => {
      requests.push({ path: url, authorization });
      response.writeHead(statuses.shift() ?? 200).end(body);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  beforeEach(() => {
    requests.length = 0;
    statuses = [];
    body = "zip";
  });
  after(() => void server.close());

  const client = (options: Partial<AmplitudeClientOptions> = {}) =>
    new AmplitudeClient({
      apiKey: API_KEY,
      secretKey: SECRET_KEY,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      clock: new VirtualClock(),
      random: () => 0.5,
      signal: new AbortController().signal,
      ...options,
    });
  const download = async (options: Partial<AmplitudeClientOptions> = {}) => {
    const used = client(options);
    try {
      return await used.download(HOUR, text);
    } finally {
      used.destroy();
    }
  };

  it("requests one hour, with the keys as user and password", async () => {
    expect(await download()).to.equal("zip");
    const authorization = `Basic ${Buffer.from(`${API_KEY}:${SECRET_KEY}`).toString("base64")}`;
    expect(requests).to.deep.equal([
      { path: "/api/2/export?end=20261127T09&start=20261127T09", authorization },
    ]);
  });

  it("returns null for an hour without events", async () => {
    statuses = [404];
    expect(await download()).to.equal(null);
  });

  it("repeats a throttled or failed request, with pauses", async () => {
    statuses = [429, 500, 504];
    expect(await download()).to.equal("zip");
    expect(requests).to.have.length(4);
  });

  const failures: [status: number, attempts: number, kind: string, says: RegExp][] = [
    [400, 1, "SourceError", /hour 2026-11-27T09 is larger than the 4 GB .* Amazon S3/],
    [401, 1, "DeliveryError", /rejects the API key or the secret key \(HTTP 401\)/],
    [403, 1, "DeliveryError", /rejects the API key or the secret key \(HTTP 403\)/],
    [429, 8, "SourceError", /throttled by Amplitude \(HTTP 429\)\. 8 attempts failed/],
    [500, 4, "SourceError", /hour 2026-11-27T09 can't be read from Amplitude: HTTP 500\. 4 attempts failed/],
    [
      504,
      4,
      "SourceError",
      /hour 2026-11-27T09 takes .* too long \(HTTP 504\)\. 4 attempts failed.* Amazon S3/,
    ],
    [302, 4, "SourceError", /can't be read from Amplitude: .*redirect/],
  ];
  for (const [status, attempts, kind, says] of failures) {
    it(`says what to do about HTTP ${status}, without a key or the response`, async () => {
      statuses = Array.from({ length: attempts }, () => status);
      body = `event of ${SECRET_KEY}`;
      const error = await failureOf(download());
      expect(error.name).to.equal(kind);
      expect(error.message)
        .to.match(says)
        .and.not.to.match(/planted|event of/);
      expect(requests).to.have.length(attempts);
    });
  }

  it("repeats a request whose response can't be saved, and then names the cause", async () => {
    const used = client();
    const error = await failureOf(
      used.download(HOUR, () => Promise.reject(new SourceError("the ZIP is truncated"))),
    );
    used.destroy();
    expect(error.message).to.match(/can't be read from Amplitude: the ZIP is truncated/);
    expect(requests).to.have.length(4);
  });

  it("ends at the signal", async () => {
    expect(await download({ signal: AbortSignal.abort() })).to.equal(undefined);
  });

  it("reads the metrics of a range of hours", async () => {
    body = JSON.stringify({
      eventsDelivered: 1,
      eventsNotDelivered: 2,
      eventsExpired: 3,
      eventsDiscarded: 4,
      more: 5,
    });
    const used = client();
    const metrics = await used.metrics("30001625", { from: HOUR, end: HOUR + 3_600_000 });
    used.destroy();
    expect(metrics).to.deep.equal({
      eventsDelivered: 1,
      eventsNotDelivered: 2,
      eventsExpired: 3,
      eventsDiscarded: 4,
    });
    const { searchParams } = new URL(requests[0]?.path ?? "", "http://host");
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      sync_id: "30001625",
      time_period: "CUSTOM",
      start: "2026-11-27T09:00:00+00:00",
      end: "2026-11-27T10:00:00+00:00",
    });
  });

  const wrong: [what: string, options: Partial<AmplitudeClientOptions>, says: RegExp][] = [
    ["no API key", { apiKey: undefined }, /AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY/],
    ["no secret key", { secretKey: undefined }, /AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY/],
    ["an invalid key", { secretKey: "planted key" }, /secret key is invalid/],
    [
      "a URL with a path",
      { url: "https://amplitude.com/api/2" },
      /the path \/api\/2.* Set https:\/\/amplitude\.com$/,
    ],
    ["a URL that shows the keys to the network", { url: "http://amplitude.com" }, /unencrypted/],
  ];
  for (const [what, options, says] of wrong) {
    it(`rejects ${what}`, () => {
      expect(() => client(options))
        .to.throw(SettingsError, says)
        .and.not.to.match(/planted/);
    });
  }
});
