import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  DeleteRoleCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { DeleteStreamCommand, PutResourcePolicyCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { allow, type Fixture, policy, trustOf } from "../../sandbox/aws/localAws";
import { json, type Lie } from "../aws/lyingProxy";
import { type Deployment, deploy } from "../deployment/deploy";
import { principalWith } from "../deployment/principalWith";
import { ENTRY, environmentOf } from "./commandLine";
import { runInProcess } from "./inProcess";
import { type Attempt, type Mistake, mistakesOn } from "./mistake";

const EXPORT = join(__dirname, "..", "events", "export", "fixtures", "export.zip");
const GOOD = [
  "--role-arn",
  "arn:aws:iam::111122223333:role/r",
  "--region",
  "us-east-1",
  "--stream-name",
  "s",
];
const AMPLITUDE_ROOT = "arn:aws:iam::358203115967:root";

describe("A mistake of a user", () => {
  const world = mistakesOn();
  const { servers, flagsOf, operator, eachSays } = world;
  let aws: Fixture;
  let env: Record<string, string>;
  let outputs: Deployment;
  let folder: string;
  before(async () => {
    ({ aws, env, outputs } = world);
    folder = await mkdtemp(join(tmpdir(), "mistakes-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const roleNameOf = ({ roleArn }: Deployment) => roleArn.split("/").at(-1) ?? "";
  const streamArnOf = ({ streamName }: Deployment) =>
    `arn:aws:kinesis:us-east-1:111122223333:stream/${streamName}`;

  async function written(name: string, content: string | Uint8Array): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, content);
    return file;
  }

  const bare = (...args: string[]) => ({ args, env });
  const outputsFile = async (command: string, content: string): Promise<Attempt> => ({
    args: [command, "--outputs", await written(`${command}.json`, content)],
    env,
  });
  const exporting = async (name: string, content: string | Uint8Array): Promise<Attempt> => ({
    args: ["verify", ...flagsOf(outputs), "--export", await written(name, content), "--propagation", "0"],
    env,
  });

  /** Puts a `pulumi` on the PATH that prints the messages of the real one. */
  async function pulumiSaying(stdout: string, stderr = "", status = 0, command = "check"): Promise<Attempt> {
    const place = await mkdtemp(join(folder, "bin-"));
    const script = `#!/bin/sh\ncat <<'END'\n${stdout}\nEND\ncat >&2 <<'END'\n${stderr}\nEND\nexit ${status}\n`;
    await writeFile(join(place, "pulumi"), script);
    await chmod(join(place, "pulumi"), 0o755);
    const PATH = `${place}${delimiter}${process.env.PATH}`;
    return { args: [command, "--stack", "acme"], env: { ...env, PATH } };
  }

  const under = (lie: Lie, args: string[]) => world.under(lie, { args });

  /** Starts a server that isn't AWS, or rejects everything. */
  async function answering(status: number, type: string, body: string, args: string[]): Promise<Attempt> {
    const server: Server = createServer((incoming, outgoing) => {
      incoming.resume().once("end", () => outgoing.writeHead(status, { "content-type": type }).end(body));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push({ stop: () => server.close().closeAllConnections() });
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { args, env: { ...env, AWS_ENDPOINT_URL: endpoint, AWS_MAX_ATTEMPTS: "1" } };
  }
  const refusing = (code: string, message: string) =>
    answering(
      403,
      "text/xml",
      `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
      ["check", ...GOOD],
    );

  const queried = (body: Buffer) => /Action=(\w+)/.exec(body.toString())?.[1];
  const denial = (action: string, reason: string) =>
    Buffer.from(
      `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: ${action} ${reason}</Message></Error></ErrorResponse>`,
    );

  async function broken(
    command: string,
    breakIt: (own: Deployment) => Promise<unknown>,
    more: string[] = [],
  ): Promise<Attempt> {
    const own = await deploy(aws, { shards: 1 });
    await breakIt(own);
    const speed = command === "verify" ? ["--events", "2", "--propagation", "0", "--timeout", "3"] : [];
    return { args: [command, ...flagsOf(own), ...speed, ...more], env };
  }
  const retrust = (own: Deployment, document: string) =>
    operator().iam.send(
      new UpdateAssumeRolePolicyCommand({ RoleName: roleNameOf(own), PolicyDocument: document }),
    );
  const inline = (own: Deployment, document: string) =>
    operator().iam.send(
      new PutRolePolicyCommand({ RoleName: roleNameOf(own), PolicyName: "extra", PolicyDocument: document }),
    );

  function denyOnStream(own: Deployment, Principal: unknown, Action: string) {
    const Resource = streamArnOf(own);
    const Statement = [{ Effect: "Deny", Principal, Action, Resource }];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    return operator().kinesis.send(new PutResourcePolicyCommand({ ResourceARN: Resource, Policy }));
  }

  function as(document: string, command: string): Promise<Attempt> {
    const verifying = ["--events", "2", "--propagation", "0", "--timeout", "3", "--route", "operator"];
    return world.holding(document, {
      args: [command, ...flagsOf(outputs), ...(command === "verify" ? verifying : [])],
    });
  }

  async function ssoProfile(expiresAt: string | undefined): Promise<Attempt> {
    const home = await mkdtemp(join(folder, "home-"));
    const cache = join(home, ".aws", "sso", "cache");
    await mkdir(cache, { recursive: true });
    if (expiresAt !== undefined) {
      const file = `${createHash("sha1").update("corp").digest("hex")}.json`;
      await writeFile(join(cache, file), JSON.stringify({ accessToken: "stale", expiresAt }));
    }
    const config = join(home, "config");
    await writeFile(
      config,
      "[profile work]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = admin\nregion = us-east-1\n" +
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n",
    );
    return { args: ["check", ...GOOD, "--profile", "work"], env: { HOME: home, AWS_CONFIG_FILE: config } };
  }

  const { AWS_ACCESS_KEY_ID: _, ...withoutKey } = { AWS_ACCESS_KEY_ID: "", AWS_REGION: "us-east-1" };

  const usage: Mistake[] = [
    ["no command", () => ({ args: [] }), [/Usage: amplitude-kinesis/, /verify/], 2],
    ["a command that doesn't exist", () => bare("chek"), [/unknown command 'chek'/, /Did you mean check/], 2],
    [
      "an option that doesn't exist",
      () => bare("check", "--stak", "x"),
      [/unknown option '--stak'/, /--stack/],
      2,
    ],
    [
      "an option of another command",
      () => bare("handoff", ...GOOD, "--events", "5"),
      [/unknown option '--events'/],
      2,
    ],
    ["an option without its value", () => bare("check", "--stack"), [/--stack <name>' argument missing/], 2],
    ["an extra argument", () => bare("check", "acme"), [/too many arguments/], 2],
    ["check of nothing", () => bare("check"), [/No stream is named. Give --stack NAME/], 2],
    ["handoff of nothing", () => bare("handoff"), [/--outputs FILE/], 2],
    ["operator-policy of nothing", () => bare("operator-policy"), [/--role-arn/], 2],
    [
      "a role's name for its ARN",
      () => bare("check", "--role-arn", "writer", ...GOOD.slice(2)),
      [/roleArn of --role-arn.* is "writer"/, /arn:aws:iam::ACCOUNT:role\/NAME/],
      2,
    ],
    [
      "the ARN of a user",
      () => bare("handoff", "--role-arn", "arn:aws:iam::111122223333:user/u", ...GOOD.slice(2)),
      [/not the ARN of an IAM role/],
      2,
    ],
    [
      "a role of China's partition",
      () => bare("check", "--role-arn", "arn:aws-cn:iam::111122223333:role/r", ...GOOD.slice(2)),
      [/not the ARN of an IAM role/],
      2,
    ],
    [
      "a stream's ARN for its name",
      () =>
        bare(
          "handoff",
          ...GOOD.slice(0, 4),
          "--stream-name",
          "arn:aws:kinesis:us-east-1:111122223333:stream/s",
        ),
      [/streamName .* not a stream name/],
      2,
    ],
    [
      "an availability zone for a region",
      () => bare("check", ...GOOD.slice(0, 2), "--region", "us-east-1a", ...GOOD.slice(4)),
      [/region .*"us-east-1a"/, /such as us-east-1/],
      2,
    ],
    [
      "an account id with dashes",
      () => bare("check", ...GOOD, "--amplitude-account-id", "3582-0311-5967"),
      [/12 digits/],
      2,
    ],
    ["a negative number of events", () => bare("verify", ...GOOD, "--events", "-5"), [/integer from 1/], 2],
    ["a fraction of an event", () => bare("verify", ...GOOD, "--events", "1.5"), [/integer from 1/], 2],
    ["a number with a unit", () => bare("verify", ...GOOD, "--timeout", "2m"), [/--timeout.*integer/], 2],
    ["a negative wait", () => bare("check", ...GOOD, "--propagation", "-1"), [/integer from 0/], 2],
    [
      "a route that doesn't exist",
      () => bare("verify", ...GOOD, "--route", "console"),
      [/role, operator/],
      2,
    ],
    [
      "two forms of one handoff",
      () => bare("handoff", ...GOOD, "--json", "--html"),
      [/cannot be used with/],
      2,
    ],
    [
      "a task that doesn't exist",
      () => bare("operator-policy", ...GOOD, "--for", "deploy"),
      [/up, adopt, check, verify, send, watch, reconcile, backfill, all/],
      2,
    ],
    [
      "a route for a command without routes",
      () => bare("operator-policy", ...GOOD, "--for", "check", "--route", "role"),
      [/--route applies only to verify and send/],
      2,
    ],
    [
      "names without information",
      () => bare("operator-policy", ...GOOD),
      [/can't be determined from role r and stream s/, /Give --name/],
      2,
    ],
    [
      "an account without its region",
      () => bare("operator-policy", "--account-id", "111122223333"),
      [/requires --region/],
      2,
    ],
    [
      "an account next to a stack",
      () => bare("operator-policy", "--account-id", "111122223333", ...GOOD),
      [/doesn.t exist yet/],
      2,
    ],
    [
      "an alias for a key",
      () => bare("operator-policy", ...GOOD, "--name", "a", "--kms-key-arn", "alias/own"),
      [/--kms-key-arn is "alias\/own"/, /key\/ID/],
      2,
    ],
    ["a shell that doesn't exist", () => bare("completion", "tcsh"), [/bash, zsh, fish/], 2],
  ];

  const sources: Mistake[] = [
    [
      "outputs that are not JSON",
      () => outputsFile("check", "roleArn: x"),
      [/check\.json is not JSON/, /pulumi stack output --json/],
      2,
    ],
    ["outputs that are a list", () => outputsFile("check", "[]"), [/not a JSON object/], 2],
    ["an empty file of outputs", () => outputsFile("handoff", ""), [/handoff\.json is not JSON/], 2],
    [
      "outputs of another component",
      () => outputsFile("check", '{"url":"https://example.com"}'),
      [/roleArn is missing/, /AmplitudeKinesisDestination/],
      2,
    ],
    [
      "outputs that are secret",
      () => outputsFile("check", '{"roleArn":"[secret]","region":"us-east-1","streamName":"s"}'),
      [/--show-secrets/],
      2,
    ],
    [
      "outputs of a stack that is half deployed",
      () => outputsFile("handoff", '{"region":"us-east-1"}'),
      [/streamName is missing/, /that `pulumi up` finished/],
      2,
    ],
    [
      "a missing file",
      () => bare("check", "--outputs", join(folder, "nothing.json")),
      [/nothing\.json can't be read/, /ENOENT/],
      2,
    ],
    ["a folder instead of a file", () => bare("check", "--outputs", folder), [/can't be read/, /EISDIR/], 2],
    [
      "no pulumi command",
      () => ({ args: ["check", "--stack", "acme"], env: { ...env, PATH: join(folder, "empty") } }),
      [/requires the `pulumi` command/, /--outputs FILE/],
      2,
    ],
    [
      "no such stack",
      () => pulumiSaying("", "error: no stack named 'acme' found", 255),
      [/no stack named 'acme' found/, /pulumi stack ls/],
      2,
    ],
    [
      "no project here",
      () => pulumiSaying("", "error: no Pulumi.yaml project file found", 255),
      [/no Pulumi\.yaml/, /--cwd/],
      2,
    ],
    [
      "no login",
      () => pulumiSaying("", "error: PULUMI_ACCESS_TOKEN must be set for login", 255),
      [/PULUMI_ACCESS_TOKEN must be set/],
      2,
    ],
    [
      "a stack without outputs",
      () => pulumiSaying("{}"),
      [/roleArn is missing/, /stack "acme"/, /that `pulumi up` finished/],
      2,
    ],
    [
      "a missing export",
      () => bare("verify", ...GOOD, "--export", join(folder, "no.zip")),
      [/no\.zip/, /ENOENT|no such file/],
      2,
    ],
    [
      "an export that is a folder",
      () => bare("verify", ...GOOD, "--export", folder),
      [/EISDIR|folder|directory/],
      2,
    ],
    [
      "a truncated ZIP",
      async () => exporting("half.zip", (await readFile(EXPORT)).subarray(0, 2_000)),
      [/half\.zip/, /ZIP/i],
      2,
    ],
    [
      "a ZIP of something else",
      () => exporting("other.zip", Buffer.from("PK\u0003\u0004 nothing of the kind")),
      [/other\.zip/],
      2,
    ],
    ["an empty export", () => exporting("empty.json", ""), [/no events|empty/, /Export API|--events/], 2],
    [
      "an error response saved as an export",
      () => exporting("error.json", '{"error":{"http_code":403,"type":"forbidden"}}'),
      [/no events/, /error\.json:1: has neither an event type nor a uuid/, /Export API/],
      2,
    ],
    [
      "a text that isn't an export",
      () => exporting("notes.json", "dear diary\n"),
      [/notes\.json/, /--events|Export API/],
      2,
    ],
    [
      "a truncated gzip file",
      () => exporting("cut.json.gz", gzipSync('{"uuid":"1"}\n'.repeat(50)).subarray(0, 30)),
      [/source-problems/, /cut\.json\.gz: can't be read to its end/, /Export the hours concerned again/],
      0,
    ],
  ];

  const credentials: Mistake[] = [
    [
      "no credentials",
      () => ({ args: ["check", ...GOOD], env: withoutKey }),
      [/credentials are missing/, /aws sso login/, /AWS_PROFILE/],
      2,
    ],
    [
      "an incomplete key",
      () => ({ args: ["check", ...GOOD], env: { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE" } }),
      [/credentials are missing/, /AWS_ACCESS_KEY_ID/],
      2,
    ],
    [
      "no credentials to send with",
      () => ({ args: ["verify", ...GOOD], env: withoutKey }),
      [/credentials are missing/, /aws sts get-caller-identity/],
      2,
    ],
    [
      "a profile that doesn't exist",
      () => bare("check", ...GOOD, "--profile", "nosuch"),
      [/profile "nosuch"/],
      2,
    ],
    [
      "an SSO session that has expired",
      () => ssoProfile("2020-01-01T00:00:00Z"),
      [/profile "work"/, /expired|aws sso login/, /aws sso login/],
      2,
    ],
    ["no SSO session", () => ssoProfile(undefined), [/aws sso login/], 2],
    [
      "a key that AWS doesn't know",
      () => ({ args: ["check", ...GOOD], env: { ...env, AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE" } }),
      [/not accepted \(InvalidClientTokenId/],
      2,
    ],
    [
      "a wrong secret",
      () => ({ args: ["check", ...GOOD], env: { ...env, AWS_SECRET_ACCESS_KEY: "wrong" } }),
      [/SignatureDoesNotMatch/],
      2,
    ],
    [
      "a session that has expired",
      () => refusing("ExpiredToken", "The security token included in the request is expired"),
      [/ExpiredToken/, /aws sso login/],
      2,
    ],
    [
      "a clock that is wrong",
      () =>
        refusing(
          "SignatureDoesNotMatch",
          "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z",
        ),
      [/clock is wrong/, /Set it/, /date -u/],
      2,
    ],
    [
      "credentials of another account",
      () => ({ args: ["check", ...flagsOf(outputs)], env: environmentOf(aws, aws.principals.stranger) }),
      [/of account 444455556666/, /choose credentials of 111122223333/],
      2,
    ],
    [
      "the wrong account for verify",
      () => ({
        args: ["verify", ...flagsOf(outputs), "--propagation", "0"],
        env: environmentOf(aws, aws.principals.stranger),
      }),
      [/of account 444455556666/],
      2,
    ],
  ];

  const network: Mistake[] = [
    [
      "an endpoint without a server",
      () => ({
        args: ["check", ...GOOD],
        env: { ...env, AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_MAX_ATTEMPTS: "1" },
      }),
      [/ECONNREFUSED/, /AWS_ENDPOINT_URL/],
      2,
    ],
    [
      "a host name that can't be resolved",
      () => ({
        args: ["check", ...GOOD],
        env: { ...env, AWS_ENDPOINT_URL: "http://nowhere.invalid", AWS_MAX_ATTEMPTS: "1" },
      }),
      [/ENOTFOUND|EAI_AGAIN/, /network/],
      2,
    ],
    [
      "TLS to a server without TLS",
      () => ({
        args: ["check", ...GOOD],
        env: { ...env, AWS_ENDPOINT_URL: aws.endpoint.replace("http:", "https:"), AWS_MAX_ATTEMPTS: "1" },
      }),
      [/EPROTO|SSL|packet length/i, /proxy/],
      2,
    ],
    [
      "a proxy's own page",
      () => answering(200, "text/html", "<html>Please sign in</html>", ["check", ...GOOD]),
      [/proxy/, /AWS_ENDPOINT_URL/],
      2,
    ],
    [
      "a proxy that wants a password",
      () => answering(407, "text/html", "<html>407</html>", ["check", ...GOOD]),
      [/proxy/],
      2,
    ],
    [
      "a service that fails",
      () => answering(503, "text/plain", "busy", ["check", ...GOOD]),
      [/AWS can't be asked who you are/],
      2,
    ],
  ];

  const deployments: Mistake[] = [
    [
      "the wrong region",
      () => bare("check", ...flagsOf({ ...outputs, region: "eu-central-1" })),
      [/FAILED/, /stream-not-found/, /Compare the region/, /pulumi stack output/],
      1,
    ],
    [
      "the wrong region for verify",
      () => bare("verify", ...flagsOf({ ...outputs, region: "eu-central-1" }), "--propagation", "0"),
      [/stream-not-found/, /pulumi up --refresh/],
      1,
    ],
    [
      "a role that was deleted",
      () =>
        broken("check", async (own) => {
          const other = await deploy(aws, { statements: undefined });
          await operator().iam.send(new DeleteRoleCommand({ RoleName: roleNameOf(other) }));
          own.roleArn = other.roleArn;
        }),
      [/role-not-found/, /arn:aws:iam::111122223333:role\/amplitude-/, /pulumi up --refresh/],
      1,
    ],
    [
      "trust edited by hand",
      () => broken("check", (own) => retrust(own, trustOf("arn:aws:iam::444455556666:root"))),
      [/amplitude-not-trusted/, /names arn:aws:iam::444455556666:root/],
      1,
    ],
    [
      "trust edited by hand, found by verify",
      () => broken("verify", (own) => retrust(own, trustOf("arn:aws:iam::444455556666:root"))),
      [/amplitude-not-trusted/, /pulumi up --refresh/],
      1,
    ],
    [
      "an external id that is required",
      () =>
        broken("check", (own) =>
          retrust(own, trustOf(AMPLITUDE_ROOT, { StringEquals: { "sts:ExternalId": "acme" } })),
        ),
      [/demands an external id/, /externalId/],
      1,
    ],
    [
      "an external id that Amplitude doesn't give",
      () =>
        broken(
          "check",
          (own) => retrust(own, trustOf(AMPLITUDE_ROOT, { StringEquals: { "sts:ExternalId": "acme" } })),
          ["--amplitude-external-id", "other"],
        ),
      [/demands another external id/],
      1,
    ],
    [
      "a role that may not write",
      () => broken("check", (own) => inline(own, policy("Deny", ["kinesis:PutRecords"], ["*"]))),
      [/write-not-allowed/, /denies it explicitly/, /list-role-policies/],
      1,
    ],
    [
      "a boundary that denies",
      () =>
        broken("check", async (own) =>
          operator().iam.send(
            new PutRolePermissionsBoundaryCommand({
              RoleName: roleNameOf(own),
              PermissionsBoundary: await principalWith.policy(aws, allow(["s3:*"], ["*"])),
            }),
          ),
        ),
      [/permissions boundary does not allow it/, /Add kinesis:PutRecord/],
      1,
    ],
    [
      "a stream that is being deleted",
      () =>
        broken("check", (own) =>
          operator().kinesis.send(new DeleteStreamCommand({ StreamName: own.streamName })),
        ),
      [/stream-not-active|stream-not-found/, /pulumi up/],
      1,
    ],
    [
      "a stream policy that denies",
      () => broken("check", (own) => denyOnStream(own, "*", "kinesis:PutRecord")),
      [/stream-policy-denies/, /get-resource-policy/],
      1,
    ],
    [
      "a stream policy that denies one session of the role",
      () =>
        broken("check", (own) =>
          denyOnStream(
            own,
            { AWS: `arn:aws:sts::111122223333:assumed-role/${roleNameOf(own)}/amplitude` },
            "kinesis:PutRecords",
          ),
        ),
      [/UNDECIDED/, /stream-policy-undetermined/, /may apply to Amplitude's writes/, /put-resource-policy/],
      3,
    ],
    [
      "an existing stream that was deleted",
      async () => {
        const own = await deploy(aws, { shards: 1 });
        await operator().kinesis.send(new DeleteStreamCommand({ StreamName: own.streamName }));
        return outputsFile("check", JSON.stringify({ ...own, existingStreamArn: streamArnOf(own) }));
      },
      [/stream-not-active|stream-not-found/, /aws kinesis create-stream .*--stream-name events-/],
      1,
    ],
    [
      "outputs of two stacks in one file",
      async () =>
        outputsFile(
          "check",
          JSON.stringify({ ...outputs, streamArn: "arn:aws:kinesis:us-east-1:111122223333:stream/other" }),
        ),
      [/output-mismatch/, /one stack/],
      1,
    ],
    [
      "no permission to inspect",
      () => as(allow(["s3:*"], ["*"]), "check"),
      [/UNDECIDED/, /stream-not-described/, /kinesis:DescribeStreamSummary/],
      3,
    ],
    [
      "a proxy that answers some of the calls with its page",
      () =>
        under(
          ({ operation, body }) =>
            /^(List|GetResource)/.test(operation) || /^(Simulate|ListAtt)/.test(queried(body) ?? "")
              ? { status: 403, body: Buffer.from("<html>blocked</html>") }
              : undefined,
          ["check", ...flagsOf(outputs)],
        ),
      [
        /^(?![\s\S]*Grant the caller)/,
        /tags-not-readable[\s\S]*remedy: Check the region, the network, the proxy/,
        /policies-not-readable[\s\S]*did not come from AWS/,
        /HTTP 403 without an error code/,
      ],
      3,
    ],
    [
      "too many requests",
      () =>
        under(
          ({ operation }) =>
            /^(List|GetResource)/.test(operation)
              ? json({ __type: "LimitExceededException", message: "Rate exceeded" }, 400)
              : undefined,
          ["check", ...flagsOf(outputs)],
        ),
      [/^(?![\s\S]*Grant the caller)/, /tags-not-readable[\s\S]*remedy: Wait a minute/],
      3,
    ],
    [
      "no permission to read",
      () => as(allow(["kinesis:DescribeStreamSummary", "kinesis:PutRecords", "iam:*"], ["*"]), "verify"),
      [/stream-not-readable/, /kinesis:ListShards/],
      3,
    ],
    [
      "a denial by the organization",
      () =>
        under(
          ({ body }) =>
            queried(body) === "SimulatePrincipalPolicy"
              ? {
                  status: 403,
                  body: denial(
                    "iam:SimulatePrincipalPolicy",
                    "with an explicit deny in a service control policy",
                  ),
                }
              : undefined,
          ["check", ...flagsOf(outputs)],
        ),
      [/simulation-unavailable/, /service control policy/, /iam:SimulatePrincipalPolicy/],
      3,
    ],
    [
      "a key that is disabled",
      () =>
        under(
          ({ operation }) =>
            operation === "PutRecords"
              ? json({ __type: "KMSDisabledException", message: "key is disabled" }, 400)
              : undefined,
          [
            "verify",
            ...flagsOf(outputs),
            "--events",
            "2",
            "--route",
            "operator",
            "--propagation",
            "0",
            "--timeout",
            "3",
          ],
        ),
      [/FAILED/, /KMSDisabledException/, /enable it/],
      1,
    ],
    [
      "a key that can't be asked about",
      () =>
        under(
          async ({ operation, forward }) => {
            if (operation === "DescribeKey")
              return json({ __type: "AccessDeniedException", message: "not authorized" }, 400);
            if (operation !== "DescribeStreamSummary") return undefined;
            const { StreamDescriptionSummary } = JSON.parse((await forward()).body.toString());
            return json({
              StreamDescriptionSummary: {
                ...StreamDescriptionSummary,
                KeyId: "arn:aws:kms:us-east-1:111122223333:key/1",
              },
            });
          },
          ["check", ...flagsOf(outputs)],
        ),
      [/key-undetermined/, /Grant the caller kms:DescribeKey/, /amplitude-kinesis verify/],
      1,
    ],
    [
      "a principal that Amplitude doesn't use",
      () =>
        broken(
          "check",
          (own) =>
            retrust(
              own,
              trustOf(AMPLITUDE_ROOT, {
                ArnLike: { "aws:PrincipalArn": "arn:aws:iam::358203115967:role/export-*" },
              }),
            ),
          ["--amplitude-principal", "arn:aws:iam::358203115967:role/other"],
        ),
      [/demands an aws:PrincipalArn like/],
      1,
    ],
    [
      "another account of Amplitude's",
      () => bare("check", ...flagsOf(outputs), "--amplitude-account-id", "202493300829"),
      [/account 202493300829\) can't assume/, /amplitudeAccountId/],
      1,
    ],
  ];

  eachSays([...usage, ...sources, ...credentials, ...network, ...deployments], 60);

  it("prints a stack trace only with --debug", async () => {
    const { stderr } = await runInProcess(["--debug", "check", ...GOOD, "--profile", "nosuch"], env);
    expect(stderr).to.match(/^\s+at /m);
  });

  it("a full disk: exit 3, and names what could not be written", async () => {
    const { stderr, code } = await shell(
      `'${process.execPath}' '${ENTRY}' handoff ${GOOD.join(" ")} > /dev/full`,
      env,
    );
    expect(stderr).to.match(/output can't be written: .*(ENOSPC|no space)/i);
    expect(code).to.equal(3);
  });

  it("a reader that closes the pipe: the exit status of the check, and no message", async () => {
    const command = `{ '${process.execPath}' '${ENTRY}' handoff ${GOOD.join(" ")} --html; echo "status $?" >&2; } | true`;
    const { stderr } = await shell(command, env);
    expect(stderr).to.equal("status 0\n");
  });

  it("Ctrl-C during a request: exit 130, immediately", async () => {
    let asked: () => void = () => {};
    const waiting = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = createServer(() => asked());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push({ stop: () => server.close().closeAllConnections() });
    const AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const child = execFile(process.execPath, [ENTRY, "check", ...GOOD], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env, AWS_ENDPOINT_URL },
    });
    let stderr = "";
    child.stderr?.on("data", (chunk) => {
      stderr += chunk;
    });
    await waiting;
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(stderr).to.include("interrupted");
    expect(code).to.equal(130);
  });
});

interface ShellOutcome {
  stderr: string;
  code: number;
}

function shell(command: string, env: Record<string, string>): Promise<ShellOutcome> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile("sh", ["-c", command], { env: { PATH, HOME, ...env } }, (error, _stdout, stderr) => {
      resolve({ stderr, code: error === null ? 0 : Number(error.code) });
    });
  });
}
