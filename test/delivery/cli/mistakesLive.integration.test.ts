import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeleteStreamCommand } from "@aws-sdk/client-kinesis";
import { generate } from "selfsigned";
import { type LocalAmplitude, startAmplitude } from "../../../sandbox/amplitude/server";
import { allow, clientsOf, type Fixture, trustOf } from "../../sandbox/aws/localAws";
import { json } from "../aws/lyingProxy";
import { type Deployment, deploy } from "../deployment/deploy";
import { environmentOf } from "./commandLine";
import { type Attempt, type Mistake, mistakesOn } from "./mistake";

const PRODUCTION_KEY = "0123456789abcdef0123456789abcdef";

describe("A mistake with send, watch, report or the route through Amplitude", () => {
  const world = mistakesOn();
  const { servers, flagsOf, holding, under, eachSays } = world;
  let aws: Fixture;
  let amplitude: LocalAmplitude;
  let env: Record<string, string>;
  let outputs: Deployment;
  let folder: string;
  before(async () => {
    ({ aws, env, outputs } = world);
    amplitude = await startAmplitude({
      aws: { endpoint: aws.endpoint, credentials: aws.principals.amplitude },
      habits: { p95Ms: 100 },
    });
    folder = await mkdtemp(join(tmpdir(), "mistakes-"));
  });
  after(async () => {
    await amplitude.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (command: string, ...more: string[]): Attempt => ({
    args: [command, ...flagsOf(outputs), ...more],
    env,
  });
  const send = (...more: string[]) => run("send", "--propagation", "0", "--events", "2", ...more);
  const watch = (...more: string[]) => run("watch", "--until", "1s", ...more);
  const through = (key: string, ...more: string[]): Attempt => ({
    ...run(
      "verify",
      "--route",
      "amplitude",
      "--events",
      "2",
      "--propagation",
      "0",
      "--timeout",
      "2",
      ...more,
    ),
    env: { ...env, AMPLITUDE_API_KEY: key },
  });
  const local = () => ["--amplitude-url", amplitude.url];
  const as = (principal: "stranger", { args }: Attempt): Attempt => ({
    args,
    env: environmentOf(aws, aws.principals[principal]),
  });
  async function untrusted(): Promise<string> {
    const { private: key, cert } = await generate([{ name: "commonName", value: "127.0.0.1" }]);
    const server = createServer({ key, cert }, (_incoming, outgoing) => outgoing.end()).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    servers.push({ stop: () => server.close().closeAllConnections() });
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const behindUntrusted = async ({ args }: Attempt): Promise<Attempt> => ({
    args,
    env: { ...env, AWS_ENDPOINT_URL: await untrusted(), AWS_MAX_ATTEMPTS: "1" },
  });
  async function written(name: string, content: string): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, content);
    return file;
  }
  const gone = async (command: string, ...more: string[]): Promise<Attempt> => {
    const own = await deploy(aws, { shards: 1 });
    await clientsOf(aws, aws.principals.operator).kinesis.send(
      new DeleteStreamCommand({ StreamName: own.streamName }),
    );
    return { args: [command, ...flagsOf(own), ...more], env };
  };

  const sending: Mistake[] = [
    ["send of nothing", () => ({ args: ["send"] }), [/No stream is named. Give --stack/], 2],
    ["send through Amplitude", () => send("--route", "amplitude"), [/role, operator/], 2],
    [
      "send for a duration without a rate",
      () => run("send", "--duration", "5s"),
      [/--duration requires --rate/],
      2,
    ],
    ["send at no rate", () => send("--rate", "0"), [/number above 0/], 2],
    ["send of a missing export", () => run("send", "--export", "no.zip"), [/no\.zip/, /ENOENT/], 2],
    ["send with another account's credentials", () => as("stranger", send()), [/of account 444455556666/], 2],
    [
      "send behind a proxy that opens TLS",
      () => behindUntrusted(send()),
      [/certificate .* not trusted/, /NODE_EXTRA_CA_CERTS/],
      2,
    ],
    [
      "send to a stream that was deleted",
      () => gone("send", "--propagation", "0"),
      [/stream-not-/, /pulumi up/],
      1,
    ],
    [
      "send without the permission to write",
      () => holding(allow(["kinesis:Describe*", "iam:*"], ["*"]), send("--route", "operator")),
      [/kinesis:PutRecords/, /remedy:/],
      1,
    ],
    [
      "send without the permission to write, to adopted resources",
      async () => {
        const file = await written(
          "adopted.json",
          JSON.stringify({ ...outputs, ignoredChanges: ["policy.policy"] }),
        );
        const args = [
          "send",
          "--outputs",
          file,
          "--propagation",
          "0",
          "--events",
          "2",
          "--route",
          "operator",
        ];
        return holding(allow(["kinesis:Describe*", "iam:*"], ["*"]), { args });
      },
      [/write-refused/, /Before that, remove policy\.policy from the setting adopt\.ignoreChanges/],
      1,
    ],
    [
      "send as a role that does not trust the sender",
      () => send("--route", "role"),
      [/not authorized|AccessDenied|can't (be )?assume/, /remedy:/],
      1,
    ],
    [
      "send while the key is disabled",
      () =>
        under(
          ({ operation }) =>
            operation === "PutRecords"
              ? json({ __type: "KMSDisabledException", message: "key is disabled" }, 400)
              : undefined,
          send("--route", "operator"),
        ),
      [/KMSDisabledException/, /enable it/],
      1,
    ],
  ];

  const watching: Mistake[] = [
    ["watch of nothing", () => ({ args: ["watch"] }), [/No stream is named. Give --stack/], 2],
    ["watch until nothing", () => watch("--until", "0"), [/integer from 1/], 2],
    ["watch until a word", () => watch("--until", "noon"), [/90s, 10m or 2h/], 2],
    ["watch from a word", () => watch("--from", "yesterday"), [/latest, trim-horizon, or a time/], 2],
    ["watch from the future", () => watch("--from", "2999-01-01"), [/from is 2999-01-01/], 2],
    [
      "watch for a project's name",
      () => watch("--expect-app", "acme"),
      [/id of an Amplitude project, a number/],
      2,
    ],
    ["watch with another account's credentials", () => as("stranger", watch()), [/choose credentials of/], 2],
    [
      "watch with a profile from the environment that doesn't exist",
      () => ({ ...watch(), env: { AWS_PROFILE: "nosuch", AWS_ENDPOINT_URL: aws.endpoint } }),
      [/AWS_PROFILE "nosuch"/, /aws sso login/],
      2,
    ],
    ["watch behind a proxy that opens TLS", () => behindUntrusted(watch()), [/NODE_EXTRA_CA_CERTS/], 2],
    [
      "watch of a stream that was deleted",
      () => gone("watch"),
      [/FAILED: Amplitude can't deliver/, /pulumi up/],
      1,
    ],
    [
      "watch when nothing arrives",
      () => watch(),
      [/FAILED: no event of Amplitude arrived/, /enabled and saved/],
      1,
    ],
    [
      "watch without the permission to read",
      () => holding(allow(["kinesis:DescribeStreamSummary"], ["*"]), watch()),
      [/UNDECIDED/, /stream-not-readable/, /kinesis:ListShards/],
      3,
    ],
  ];

  const reporting: Mistake[] = [
    ["report of nothing", () => ({ args: ["report"] }), [/missing required argument 'file'/], 2],
    ["report of a missing file", () => ({ args: ["report", "no.json"] }), [/no\.json/, /no such file/], 2],
    ["report of a folder", () => ({ args: ["report", folder] }), [/EISDIR|folder/], 2],
    [
      "report of other JSON",
      async () => ({ args: ["report", await written("other.json", "{}")] }),
      [/not a report/, /verify --json/],
      2,
    ],
    [
      "report of a text",
      async () => ({ args: ["report", await written("text.json", "VERIFIED: yes")] }),
      [/not JSON/, /verify --json/],
      2,
    ],
    [
      "report in two formats",
      async () => ({ args: ["report", await written("x.json", "{}"), "--html", "--junit"] }),
      [/cannot be used with/],
      2,
    ],
    [
      "report into a file instead of a folder",
      async () => ({
        args: [
          ...send().args.map((arg) => (arg === "send" ? "verify" : arg)),
          "--report",
          await written("f", ""),
        ],
        env,
      }),
      [/ENOTDIR|EEXIST|folder/],
      2,
    ],
    [
      "report into a folder that can't be created",
      () => run("verify", "--report", "/proc/x/y"),
      [/\/proc\/x\/y: no folder can be created there/, /Name another folder/],
      2,
    ],
    [
      "a folder for run files that can't be created",
      () => run("verify", "--events", "2", "--propagation", "0", "--run-folder", "/proc/x"),
      [/Can't create the folder for run files: .*\/proc\/x/, /--no-run-file/],
      2,
    ],
  ];

  const amplitudes: Mistake[] = [
    ["no key", () => ({ ...through("", ...local()) }), [/Set AMPLITUDE_API_KEY/], 2],
    ["a malformed key", () => through("a b", ...local()), [/API key is invalid/, /Settings > Projects/], 2],
    [
      "an unknown key",
      () => through(PRODUCTION_KEY, ...local()),
      [/doesn't know the API key/, /not the secret key/],
      2,
    ],
    ["a malformed URL", () => through(PRODUCTION_KEY, "--amplitude-url", "api2"), [/URL is invalid/], 2],
    [
      "a key over plain HTTP",
      () => through(PRODUCTION_KEY, "--amplitude-url", "http://example.com"),
      [/https/],
      2,
    ],
    ["another zone", () => through(PRODUCTION_KEY, "--amplitude-zone", "ASIA"), [/US, EU/], 2],
    [
      "a sender's option",
      () => through(PRODUCTION_KEY, "--external-id", "x"),
      [/can't be used with --route amplitude/],
      2,
    ],
    [
      "a URL without a server",
      () => through(PRODUCTION_KEY, "--amplitude-url", "http://127.0.0.1:9"),
      [/UNDECIDED/, /events-unanswered/, /check the address/],
      3,
    ],
    [
      "a certificate that is not trusted",
      async () => through(PRODUCTION_KEY, "--amplitude-url", await untrusted()),
      [/events-unanswered/, /TLS in the way/],
      3,
    ],
    [
      "a destination that is not enabled",
      () => through(amplitude.apiKey, ...local()),
      [/UNDECIDED/, /enable/i, /Amplitude/],
      3,
    ],
    [
      "a role that does not trust Amplitude",
      async () => {
        const own = await deploy(aws, { shards: 1, trust: trustOf("arn:aws:iam::444455556666:root") });
        const { args, ...more } = through(amplitude.apiKey, ...local());
        return { args: args.map((arg) => (arg === outputs.roleArn ? own.roleArn : arg)), ...more };
      },
      [/FAILED/, /amplitude-not-trusted/],
      1,
    ],
  ];

  eachSays([...sending, ...watching, ...reporting, ...amplitudes], 40, PRODUCTION_KEY);
});
