import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { generate } from "selfsigned";
import { type Connection, connect, kinesisWriteClient, stsClient } from "../../../delivery/aws/clients";
import { callerIdentity } from "../../../delivery/aws/credentials";
import { classify } from "../../../delivery/aws/errors";
import { proxyFor } from "../../../delivery/aws/proxy";
import { redactSecrets } from "../../../delivery/common/redactSecrets";
import { putRecordsTo } from "../../../delivery/kinesis/streamApi";
import { failureOf } from "../kinesis/streamReading";
import { type ConnectProxy, startConnectProxy } from "./connectProxy";

const IDENTITY =
  "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/ann</Arn><Account>111122223333</Account><UserId>AIDA</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>";

const respond: RequestListener = (incoming, outgoing) => {
  incoming.resume().once("end", () => outgoing.writeHead(200, { "content-type": "text/xml" }).end(IDENTITY));
};

describe("A proxy", () => {
  const plain = createServer(respond);
  let secure: ReturnType<typeof createTlsServer>;
  let folder: string;
  let authority: string;
  const endpoints = { http: "", https: "" };
  const stops: (() => unknown)[] = [];
  const environment = { ...process.env };

  before(async () => {
    const pems = await generate([{ name: "commonName", value: "127.0.0.1" }], {
      keyType: "ec",
      extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
    });
    secure = createTlsServer({ key: pems.private, cert: pems.cert }, respond);
    for (const [scheme, server] of [
      ["http", plain],
      ["https", secure],
    ] as const) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      endpoints[scheme] = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }
    folder = await mkdtemp(join(tmpdir(), "proxy-"));
    authority = join(folder, "ca.pem");
    await writeFile(authority, pems.cert);
  });
  after(async () => {
    for (const server of [plain, secure]) {
      server.closeAllConnections();
      server.close();
    }
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (/proxy|^AWS_/i.test(name)) delete process.env[name];
    Object.assign(process.env, {
      AWS_CA_BUNDLE: authority,
      AWS_CONFIG_FILE: join(folder, "config"),
      AWS_MAX_ATTEMPTS: "1",
    });
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  });

  async function proxy(refusal?: number): Promise<ConnectProxy> {
    const started = await startConnectProxy(refusal);
    stops.push(() => started.stop());
    return started;
  }

  function connection(endpoint: string, profile?: string): Connection {
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
    const opened = connect({ region: "eu-central-1", endpoint, credentials, profile });
    stops.push(() => opened.requestHandler.destroy());
    return opened;
  }

  const ask = (endpoint: string, profile?: string) =>
    callerIdentity(stsClient(connection(endpoint, profile)));
  const failure = async (endpoint: string) => String(await failureOf(ask(endpoint)));

  for (const variable of ["HTTPS_PROXY", "https_proxy"]) {
    it(`of ${variable} tunnels requests to a TLS endpoint, over one connection`, async () => {
      const { url, requests } = await proxy();
      process.env[variable] = url;
      const client = stsClient(connection(endpoints.https));
      await callerIdentity(client);
      expect((await callerIdentity(client)).accountId).to.equal("111122223333");
      expect(requests).to.deep.equal([`CONNECT ${endpoints.https.slice("https://".length)}`]);
    });
  }

  for (const variable of ["HTTP_PROXY", "http_proxy"]) {
    it(`of ${variable} forwards requests to a plain endpoint`, async () => {
      const { url, requests } = await proxy();
      process.env[variable] = url.slice("http://".length);
      expect((await ask(endpoints.http)).accountId).to.equal("111122223333");
      expect(requests).to.deep.equal([`POST ${endpoints.http}/`]);
    });
  }

  it("gets its user and password, which are redacted", async () => {
    const { url, authorizations } = await proxy();
    process.env.HTTPS_PROXY = url.replace("//", "//ann:pass%40word-1@");
    await ask(endpoints.https);
    expect(authorizations).to.deep.equal([`Basic ${btoa("ann:pass@word-1")}`]);
    const text = `pass@word-1 ${process.env.HTTPS_PROXY} ${authorizations}`;
    expect(redactSecrets(text)).not.to.match(/pass|word|cGFzc|d29yZ/);
  });

  const exceptions = ["127.0.0.1", "*", "example.com, 127.0.0.1", "127.0.0.1:PORT"];
  for (const exception of exceptions) {
    it(`is not used for an endpoint in NO_PROXY: ${exception}`, async () => {
      const { url, requests } = await proxy();
      process.env.HTTPS_PROXY = url;
      process.env.NO_PROXY = exception.replace("PORT", new URL(endpoints.https).port);
      expect((await ask(endpoints.https)).accountId).to.equal("111122223333");
      expect(requests).to.deep.equal([]);
    });
  }

  it("is not used for a host in NO_PROXY, nor for its subdomains", async () => {
    Object.assign(process.env, {
      HTTPS_PROXY: "http://127.0.0.1:9",
      no_proxy: "amazonaws.com,.internal,10.0.0.1",
    });
    const isProxied = async (hostname: string) =>
      (await proxyFor({ protocol: "https:", hostname })) !== undefined;
    for (const host of ["kinesis.eu-central-1.amazonaws.com", "amazonaws.com", "a.internal", "10.0.0.1"]) {
      expect(await isProxied(host), host).to.equal(false);
    }
    for (const host of ["amazonaws.com.example.com", "xamazonaws.com", "110.0.0.1", "[::1]"]) {
      expect(await isProxied(host), host).to.equal(true);
    }
  });

  for (const scheme of ["https", "http"] as const) {
    const variable = `${scheme.toUpperCase()}_PROXY`;
    it(`that demands a password is named with ${variable}, and how to give it`, async () => {
      const { url } = await proxy(407);
      process.env[variable] = url;
      const text = await failure(endpoints[scheme]);
      expect(text).to.include(`the proxy ${url} (${variable}) refused`).and.include("407");
      expect(text).to.include(`${variable} (http://USER:PASSWORD@`).and.not.include("the region");
    });

    it(`that is down is named with ${variable}`, async () => {
      const { url, stop } = await startConnectProxy();
      await stop();
      process.env[variable] = url;
      const text = await failure(endpoints[scheme]);
      expect(text).to.include(`through the proxy ${url} (${variable}): connect ECONNREFUSED`);
      expect(text).to.include(`Check that the proxy of ${variable}`).and.include("NO_PROXY");
    });
  }

  it("that can't reach the endpoint is named, and the request counts as unsent", async () => {
    const { url, requests } = await proxy(502);
    process.env.HTTPS_PROXY = url;
    const text = await failure(endpoints.https);
    expect(text).to.include(`the proxy ${url} (HTTPS_PROXY) refused`).and.include("502");
    const put = putRecordsTo(kinesisWriteClient(connection(endpoints.https)), "events");
    const error = await failureOf(put([], new AbortController().signal));
    expect(classify(error)).to.equal("unreachable");
    expect(requests).to.have.length(2);
  });

  it("that responds 502 for a plain endpoint is named", async () => {
    const { url } = await proxy(502);
    process.env.HTTP_PROXY = url;
    expect(await failure(endpoints.http))
      .to.include("502")
      .and.include(`${url} (HTTP_PROXY)`);
  });

  for (const wrong of ["ftp://proxy:21", "http://", "socks5://127.0.0.1:1080"]) {
    it(`that is no HTTP proxy is a mistake of the settings: ${wrong}`, async () => {
      process.env.HTTPS_PROXY = wrong;
      const error = await failureOf(ask(endpoints.https));
      expect(error).to.include({ name: "SettingsError" });
      expect(String(error)).to.include("HTTPS_PROXY is invalid");
    });
  }

  describe("The authorities of AWS_CA_BUNDLE and ca_bundle", () => {
    it("are trusted without a proxy too", async () => {
      expect((await ask(endpoints.https)).accountId).to.equal("111122223333");
    });

    for (const profile of [undefined, "office"]) {
      it(`are those of the profile ${profile ?? "of AWS_PROFILE"}`, async () => {
        delete process.env.AWS_CA_BUNDLE;
        process.env.AWS_CONFIG_FILE = join(folder, "with-bundle");
        await writeFile(process.env.AWS_CONFIG_FILE, `[profile office]\nca_bundle = ${authority}\n`);
        expect(await failure(endpoints.https))
          .to.include("not trusted")
          .and.include("AWS_CA_BUNDLE");
        if (profile === undefined) process.env.AWS_PROFILE = "office";
        expect((await ask(endpoints.https, profile)).accountId).to.equal("111122223333");
      });
    }

    for (const [what, content] of [
      ["is missing", undefined],
      ["has no certificate", "-----"],
    ] as const) {
      it(`are named if the file ${what}`, async () => {
        process.env.AWS_CA_BUNDLE = join(folder, "other.pem");
        if (content !== undefined) await writeFile(process.env.AWS_CA_BUNDLE, content);
        const error = await failureOf(ask(endpoints.https));
        expect(error).to.include({ name: "SettingsError" });
        expect(String(error)).to.include("other.pem").and.include("AWS_CA_BUNDLE");
      });
    }
  });
});
