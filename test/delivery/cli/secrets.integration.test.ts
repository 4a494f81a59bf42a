import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { formatHour, HOUR_MS } from "../../../delivery/reconcile/options";
import { type LocalAmplitude, startAmplitude } from "../../../sandbox/amplitude/server";
import { assume, type Credentials, type Fixture, sharedAws, trustOf } from "../../sandbox/aws/localAws";
import { json, startLyingProxy } from "../aws/lyingProxy";
import { type Deployment, deploy } from "../deployment/deploy";
import { principalWith } from "../deployment/principalWith";
import { runInProcess } from "./inProcess";

const MARK = "planted-secret-7f3a";

/** Values that must not be in any output or file. */
describe("Secrets", () => {
  let aws: Fixture;
  let amplitude: LocalAmplitude;
  let folder: string;
  let outputs: Deployment;
  let held: Required<Credentials>;
  let env: Record<string, string>;
  before(async () => {
    aws = await sharedAws();
    folder = await mkdtemp(join(tmpdir(), "secrets-"));
    const trust = JSON.parse(trustOf("arn:aws:iam::358203115967:root"));
    trust.Statement.push({
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111122223333:root" },
      Action: "sts:AssumeRole",
    });
    amplitude = await startAmplitude({
      aws: { endpoint: aws.endpoint, credentials: aws.principals.amplitude },
      habits: { p95Ms: 100 },
    });
    outputs = await deploy(aws, { shards: 1, trust: JSON.stringify(trust) });
    const everything = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    };
    held = await assume(
      aws,
      aws.principals.operator,
      await principalWith.role(aws, JSON.stringify(everything)),
    );
    env = {
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: held.accessKeyId,
      AWS_SECRET_ACCESS_KEY: held.secretAccessKey,
      AWS_SESSION_TOKEN: held.sessionToken,
      PULUMI_ACCESS_TOKEN: `pul-${MARK}`,
      PULUMI_CONFIG_PASSPHRASE: `passphrase-${MARK}`,
      AMPLITUDE_API_KEY: `key-${MARK}`,
      XDG_STATE_HOME: join(folder, "state"),
      SOME_PASSWORD: `word-${MARK}`,
    };
    const event = (uuid: string) =>
      JSON.stringify({
        uuid,
        event_type: "x",
        server_upload_time: new Date(Date.now() - 4 * HOUR_MS).toISOString().replace("Z", "000"),
        user_id: `${MARK}@example.com`,
        event_properties: { card: `4111-${MARK}` },
      });
    await writeFile(join(folder, "events.json"), `${event("1")}\n${event("2")}\n{"user_id":"${MARK}","torn`);
    await writeFile(
      join(folder, "outputs.json"),
      JSON.stringify({ ...outputs, password: `output-${MARK}`, nested: { token: `output-${MARK}` } }),
    );
    await writeFile(
      join(folder, "wrong.json"),
      JSON.stringify({ roleArn: { secret: MARK }, region: [MARK] }),
    );
    const run = ["verify", ...from("outputs.json"), "--export", join(folder, "events.json"), ...soon];
    await runInProcess([...run, "--report", join(folder, "reports")], env);
    expect(await readdir(join(folder, "reports"))).to.have.length(4);
  });
  after(async () => {
    await amplitude.stop();
    await rm(folder, { recursive: true, force: true });
    await aws.remove();
  });

  const planted = () => [
    MARK,
    amplitude.apiKey,
    held.secretAccessKey,
    held.sessionToken,
    encodeURIComponent(held.sessionToken),
  ];
  const sending = ["--propagation", "0", "--timeout", "5"];
  const soon = ["--propagation", "0"];
  const fromTheStart = ["--from", "trim-horizon", "--until", "1s", "--include-tests"];
  const wrongSecret = { AWS_SECRET_ACCESS_KEY: `wrong-${MARK}` };
  const tornToken = { AWS_SESSION_TOKEN: `torn-${MARK}` };
  const through = (url = amplitude.url) => [
    ...["--debug", "verify", ...from("outputs.json"), "--route", "amplitude", "--events", "2"],
    ...["--propagation", "0", "--timeout", "2", "--amplitude-url", url],
  ];
  const hour = formatHour(Date.now() - 4 * HOUR_MS);
  const reconcile = (...more: string[]) => [
    ...[
      "--debug",
      "reconcile",
      ...from("outputs.json"),
      "--from",
      hour,
      "--to",
      hour,
      "--all-types",
      ...more,
    ],
  ];
  const from = (name: string) => ["--outputs", join(folder, name)];
  const everyCommand: [what: string, args: () => string[], more?: Record<string, string>][] = [
    ["check", () => ["check", ...from("outputs.json")]],
    ["check --json", () => ["--debug", "check", ...from("outputs.json"), "--json"]],
    ["check with a wrong secret", () => ["--debug", "check", ...from("outputs.json")], wrongSecret],
    ["check with a torn token", () => ["--debug", "check", ...from("outputs.json")], tornToken],
    ["check of outputs that are secret objects", () => ["--debug", "check", ...from("wrong.json")]],
    [
      "check at an endpoint that nobody answers at",
      () => ["--debug", "check", ...from("outputs.json")],
      { AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_MAX_ATTEMPTS: "1" },
    ],
    ["reconcile of an export", () => reconcile("--export", join(folder, "events.json"))],
    [
      "reconcile of an export, as JSON, with files",
      () => [
        ...reconcile("--export", join(folder, "events.json"), "--json"),
        ...["--missing", join(folder, "missing.jsonl"), "--report", join(folder, "reports")],
      ],
    ],
    [
      "reconcile with the Export API",
      () => reconcile("--amplitude-url", amplitude.origin, "--keep-export", join(folder, "kept")),
      { AMPLITUDE_SECRET_KEY: `secret-${MARK}` },
    ],
    [
      "reconcile with Amplitude's metrics",
      () =>
        reconcile(
          "--amplitude-url",
          amplitude.origin,
          "--export",
          join(folder, "events.json"),
          "--sync-id",
          "1",
        ),
      { AMPLITUDE_SECRET_KEY: `secret-${MARK}` },
    ],
    ["handoff", () => ["handoff", ...from("outputs.json")]],
    ["handoff --json", () => ["handoff", ...from("outputs.json"), "--json"]],
    ["handoff --markdown", () => ["handoff", ...from("outputs.json"), "--markdown"]],
    ["handoff --html", () => ["handoff", ...from("outputs.json"), "--html"]],
    ["operator-policy", () => ["operator-policy", ...from("outputs.json"), "--name", "amplitude"]],
    ["completion", () => ["completion", "bash"]],
    [
      "verify of an export, by the role",
      () => [
        "--debug",
        "verify",
        ...from("outputs.json"),
        "--export",
        join(folder, "events.json"),
        ...sending,
        "--route",
        "role",
      ],
    ],
    [
      "verify of an export, as JSON",
      () => [
        "verify",
        ...from("outputs.json"),
        "--export",
        join(folder, "events.json"),
        ...sending,
        "--route",
        "operator",
        "--json",
      ],
    ],
    [
      "send of an export",
      () => ["--debug", "send", ...from("outputs.json"), "--export", join(folder, "events.json"), ...soon],
    ],
    [
      "send as JSON",
      () => ["send", ...from("outputs.json"), "--export", join(folder, "events.json"), ...soon, "--json"],
    ],
    ["send with a wrong secret", () => ["--debug", "send", ...from("outputs.json")], wrongSecret],
    ["watch of those events", () => ["--debug", "watch", ...from("outputs.json"), ...fromTheStart]],
    ["watch as JSON", () => ["watch", ...from("outputs.json"), ...fromTheStart, "--json"]],
    ["watch with a torn token", () => ["--debug", "watch", ...from("outputs.json")], tornToken],
    ["the route through Amplitude with a key of the environment", () => through()],
    [
      "the route through Amplitude with a key that it knows",
      () => [...through(), "--api-key", amplitude.apiKey],
    ],
    [
      "the route through Amplitude at an address that nobody answers at",
      () => [...through("http://127.0.0.1:9"), "--api-key", amplitude.apiKey, "--json"],
    ],
    [
      "the route through Amplitude at an address with a key in it",
      () => [...through(`http://user:${MARK}@127.0.0.1:9/2/httpapi?api_key=${MARK}`)],
    ],
    ["report of a report that was kept", () => ["--debug", "report", join(folder, "reports", "report.json")]],
    ["report as a page", () => ["report", join(folder, "reports", "report.json"), "--html"]],
    ["report of what is none", () => ["--debug", "report", join(folder, "events.json")]],
    [
      "verify of only a torn file",
      () => [
        "--debug",
        "verify",
        ...from("outputs.json"),
        "--export",
        join(folder, "wrong.json"),
        ...sending,
      ],
    ],
  ];

  for (const [what, args, more = {}] of everyCommand) {
    it(`are not in the output of ${what}`, async () => {
      const { stdout, stderr } = await runInProcess(args(), { ...env, ...more });
      const printed = stdout + stderr;
      expect(printed.length).to.be.greaterThan(20);
      for (const secret of planted()) expect(printed.includes(secret), printed).to.equal(false);
    });
  }

  describe("in a response that echoes the request", () => {
    const secrets = {
      AWS_SECRET_ACCESS_KEY: `wJalrXUtn/+${MARK}/K7=`,
      AWS_SESSION_TOKEN: `FwoGZXIvYXdz/+${MARK}"&<EOjWx==`,
      AMPLITUDE_API_KEY: `key/+${MARK}"&<==`,
    };
    const escaped = (secret: string) =>
      secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
    const inEveryForm = (secret: string) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      escaped(secret),
      Buffer.from(`authorization: ${secret}`).toString("base64"),
      Buffer.from(secret).toString("hex"),
    ];
    const echo = Object.values(secrets).flatMap(inEveryForm).join(" ");
    const found = (printed: string) =>
      [MARK, "7f3a", "wJalrXUtn", "FwoGZXIvYXdz"]
        .flatMap((part) => [part, Buffer.from(part).toString("hex")])
        .filter((part) => printed.includes(part));
    const server = createServer((incoming, outgoing) => {
      const isQuery = String(incoming.headers["content-type"]).includes("urlencoded");
      const refused = { code: 400, error: echo, events_with_invalid_fields: { time: [0, 1] } };
      const json = JSON.stringify({ __type: "SignatureDoesNotMatch", message: echo, ...refused });
      const xml = `<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>No match.\n${escaped(echo)}</Message></Error></ErrorResponse>`;
      incoming.resume().once("end", () => outgoing.writeHead(isQuery ? 403 : 400).end(isQuery ? xml : json));
    });
    before(async () => {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    });
    after(() => server.close().closeAllConnections());

    const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const commands: [what: string, args: () => string[], endpoint: () => string][] = [
      ["check", () => ["--debug", "check", ...from("outputs.json")], url],
      ["watch", () => ["--debug", "watch", ...from("outputs.json")], url],
      ["the route through Amplitude", () => through(`${url()}/2/httpapi`), () => aws.endpoint],
    ];
    for (const [what, args, endpoint] of commands) {
      it(`are not in the output of ${what}`, async () => {
        const session =
          endpoint() === aws.endpoint ? { AMPLITUDE_API_KEY: secrets.AMPLITUDE_API_KEY } : secrets;
        const { stdout, stderr } = await runInProcess(args(), {
          ...env,
          ...session,
          AWS_ENDPOINT_URL: endpoint(),
        });
        const printed = stdout + stderr;
        expect(printed, printed).to.match(/\[redacted\]|\[API key\]/);
        expect(found(printed), printed).to.deep.equal([]);
      });
    }
  });

  it("are not in the file of an interrupted run, nor in any other file", async () => {
    const refusal = json({ __type: "AccessDeniedException", message: "no longer" }, 400);
    const proxy = await startLyingProxy(aws.endpoint, ({ operation, earlier }) =>
      operation === "GetRecords" && earlier > 0 ? refusal : undefined,
    );
    const args = ["verify", ...from("outputs.json"), "--export", join(folder, "events.json"), ...sending];
    const { status } = await runInProcess(args, { ...env, AWS_ENDPOINT_URL: proxy.endpoint });
    await proxy.stop();
    expect(status).to.equal(3);
    expect(await readdir(join(folder, "state"), { recursive: true })).to.satisfy((files: string[]) =>
      files.some((file) => file.endsWith(".run")),
    );
    const given = ["events.json", "outputs.json", "wrong.json"];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || given.includes(entry.name)) continue;
      const content = await readFile(join(entry.parentPath, entry.name), "latin1");
      for (const secret of planted()) expect(content.includes(secret), entry.name).to.equal(false);
    }
  });
});
