import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { systemClock } from "../../../../delivery";
import { newRunKey } from "../../../../delivery/common/runId";
import { ingestEvent } from "../../../../delivery/verify/amplitude/ingestEvent";
import { AmplitudeSender } from "../../../../delivery/verify/amplitude/sender";
import { TYPESCRIPT } from "../../../processes";
import { startConnectProxy } from "../../aws/connectProxy";

const KEY = "planted-key-0123456789";

describe("sending with Amplitude's SDK", () => {
  let server: Server;
  /** What is answered, in turn; the last one again and again. */
  let answers: [status: number, body: string][];
  let requests: string[];
  beforeEach(async () => {
    requests = [];
    server = createServer(async (incoming, outgoing) => {
      let body = "";
      for await (const chunk of incoming) body += chunk;
      requests.push(body);
      const [status, answer] = (answers.length > 1 ? answers.shift() : answers[0]) ?? [500, ""];
      const location = status === 302 ? { location: "https://login.example/?next=/2/httpapi" } : {};
      outgoing.writeHead(status, { "content-type": "application/json", ...location }).end(answer);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const urlOf = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/2/httpapi`;
  const event = ingestEvent({ events: 1, eventTypes: ["A"], key: newRunKey(), startedAt: 1 }, 0, 2);
  const start = (attempts: string[][] = []) =>
    AmplitudeSender.start({
      apiKey: KEY,
      zone: "US",
      url: urlOf(),
      clock: systemClock,
      onRequest: (insertIds) => attempts.push(insertIds),
    });
  const ok: [number, string] = [200, '{"code":200,"events_ingested":1}'];

  const cases: [what: string, answers: [number, string][], kind: string, requests: number, says: RegExp][] = [
    ["takes an event that was accepted", [ok], "accepted", 1, /^$/],
    ["leaves another try to the SDK after a 503", [[503, '{"code":503}'], ok], "accepted", 2, /^$/],
    [
      "hides the key that Amplitude quotes",
      [[400, `{"code":400,"error":"Invalid API key: ${KEY}"}`]],
      "refused",
      1,
      /HTTP 400: Invalid API key: \[API key\]/,
    ],
    [
      "gives the reason of a wrong event",
      [[400, '{"code":400,"error":"Bad event","events_with_invalid_fields":{"time":[0]}}']],
      "refused",
      1,
      /HTTP 400: Bad event/,
    ],
    [
      "takes one event that is too large for refused",
      [[413, '{"code":413,"error":"Too large"}']],
      "refused",
      1,
      /413/,
    ],
    [
      "takes no web page for an acceptance",
      [[200, "<html>Please sign in</html>"]],
      "unanswered",
      1,
      /HTTP 200 without Amplitude's acknowledgement; check for a proxy/,
    ],
    [
      "takes no other JSON for an acceptance",
      [[200, '{"code":200}']],
      "unanswered",
      1,
      /HTTP 200 without Amplitude's acknowledgement/,
    ],
    [
      "follows no redirect, and says that it is one",
      [[302, ""]],
      "unanswered",
      1,
      /HTTP 302 redirects to https:\/\/login\.example; check for a proxy/,
    ],
    [
      "reads no endless response",
      [[200, " ".repeat(1_100_000)]],
      "unanswered",
      1,
      /the response is longer than 1 MiB/,
    ],
  ];
  for (const [what, given, kind, tries, says] of cases) {
    it(what, async () => {
      answers = given;
      const attempts: string[][] = [];
      const sender = await start(attempts);
      const answer = await sender.send(event);
      sender.end();
      expect(answer.kind).to.equal(kind);
      expect("reason" in answer ? answer.reason : "")
        .to.match(says)
        .and.not.include(KEY);
      expect(attempts).to.deep.equal(Array.from({ length: tries }, () => [event.insert_id]));
      expect(requests).to.have.length(tries);
      const sent = JSON.parse(requests[0] ?? "").events[0];
      expect(sent).to.deep.include(JSON.parse(JSON.stringify(event)));
    });
  }

  it("knows a key that is refused from an event that is", async () => {
    answers = [[400, `{"code":400,"error":"Invalid API key: ${KEY}"}`]];
    const sender = await start();
    await sender.send(event);
    expect(sender.isKeyRefused).to.equal(true);
  });

  describe("behind a proxy", () => {
    const variables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
    const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
    const stops: (() => Promise<void>)[] = [];
    beforeEach(() => {
      for (const name of variables) delete process.env[name];
      answers = [ok];
    });
    afterEach(async () => {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      for (const stop of stops.splice(0)) await stop();
    });

    async function send(refusal?: number, isDown = false) {
      const proxy = await startConnectProxy(refusal);
      stops.push(proxy.stop);
      if (isDown) await stops.pop()?.();
      process.env.HTTP_PROXY = proxy.url;
      const attempts: string[][] = [];
      const sender = await start(attempts);
      const answer = await sender.send(event);
      sender.end();
      expect(attempts).to.deep.equal([[event.insert_id]]);
      return { answer, proxy };
    }

    it("goes through it", async () => {
      const { answer, proxy } = await send();
      expect(answer.kind).to.equal("accepted");
      expect(proxy.requests).to.deep.equal([`POST ${urlOf()}`]);
      expect(JSON.parse(requests[0] ?? "").events[0]).to.include({ insert_id: event.insert_id });
    });

    it("goes past it to a host of NO_PROXY", async () => {
      process.env.NO_PROXY = "127.0.0.1";
      const { answer, proxy } = await send();
      expect(answer.kind).to.equal("accepted");
      expect(proxy.requests).to.deep.equal([]);
    });

    for (const [what, refusal, isDown] of [
      ["refuses", 407, false],
      ["is down", undefined, true],
    ] as const) {
      it(`names one that ${what}`, async () => {
        const { answer, proxy } = await send(refusal, isDown);
        expect(answer.kind).to.equal("unanswered");
        expect("reason" in answer && answer.reason).to.include(`${proxy.url} (HTTP_PROXY)`);
        expect(requests).to.deep.equal([]);
      });
    }
  });

  it("counts an event as unanswered if the connection breaks", async () => {
    const sender = await AmplitudeSender.start({
      ...{ apiKey: KEY, zone: "US", url: "http://127.0.0.1:9/2/httpapi" },
      ...{ clock: systemClock, onRequest: () => undefined },
    });
    expect(await sender.send(event)).to.have.property("kind", "unanswered");
  });

  it("goes to the EU's server for a project in the EU", async () => {
    answers = [ok];
    const hosts: unknown[] = [];
    const original = https.request;
    const redirected = (options: https.RequestOptions, callback: () => void) => {
      hosts.push(options.host);
      const { port } = new URL(urlOf());
      return request({ method: "POST", host: "127.0.0.1", port, path: options.path }, callback);
    };
    try {
      Object.assign(https, { request: redirected });
      const sender = await AmplitudeSender.start({
        ...{ apiKey: KEY, zone: "EU", clock: systemClock, onRequest: () => undefined },
      });
      expect(await sender.send(event)).to.deep.equal({ kind: "accepted" });
    } finally {
      Object.assign(https, { request: original });
    }
    expect(hosts).to.deep.equal(["api.eu.amplitude.com"]);
  });

  it("writes nothing, and keeps no process alive once it is ended", async () => {
    answers = [[503, '{"code":503}']];
    const path = join(__dirname, "..", "..", "..", "..", "delivery", "verify", "amplitude", "sender");
    const program = `
      const { AmplitudeSender } = require(${JSON.stringify(path)});
      const clock = { now: Date.now };
      let tries = 0;
      const onRequest = () => { tries += 1; if (tries === 4) setTimeout(() => sender.end(), 50); };
      let sender;
      AmplitudeSender.start({ apiKey: ${JSON.stringify(KEY)}, zone: "US", url: ${JSON.stringify(urlOf())}, clock, onRequest })
        .then((started) => { sender = started; void sender.send(${JSON.stringify(event)}); });
    `;
    const args = ["--require", TYPESCRIPT, "-e", program];
    // The SDK's own patience would be over after more than a minute.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
    expect(stdout + stderr).to.equal("");
    expect(requests).to.have.length(4);
  });
});
