import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateStreamCommand, DescribeStreamSummaryCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import {
  type CheckOptions,
  checkDeployment,
  describeAdoption,
  existingSubject,
  generateEvents,
  type OperatorPolicy,
  operatorPolicy,
  plannedSubject,
  reconcileDelivery,
  sendEvents,
  type Task,
  type VerifyOptions,
  verifyDelivery,
  watchStream,
} from "../../../delivery";
import { REAL_PROVIDER_NEEDS, TASKS } from "../../../delivery/deployment/iam/actions";
import { formatHour, HOUR_MS } from "../../../delivery/reconcile/options";
import {
  allow,
  assume,
  type Credentials,
  clientsOf,
  type Fixture,
  sharedAws,
  trustOf,
} from "../../sandbox/aws/localAws";
import { until } from "../../until";
import { type Deployment, deploy } from "../deployment/deploy";
import { principalWith } from "../deployment/principalWith";
import { rows } from "../watch/rows";
import { LIVES, type Names, providerAs } from "./stackLife";

const ACCOUNT = "111122223333";
const EXISTING_STREAM = "acme-stream-0000000";
const EXISTING_LOG_GROUP = "acme-guard-log-0000000";
const KEY = "arn:aws:kms:us-east-1:111122223333:key/1234";

/** The policy without one action; a statement that has no other is left out. */
function without(policy: OperatorPolicy, sid: string, action: string): OperatorPolicy {
  const Statement = policy.Statement.map((statement) =>
    statement.Sid === sid
      ? { ...statement, Action: statement.Action.filter((each) => each !== action) }
      : statement,
  );
  return { ...policy, Statement: Statement.filter(({ Action }) => Action.length > 0) };
}

function grants(policy: OperatorPolicy): [sid: string, action: string][] {
  return policy.Statement.flatMap(({ Sid, Action }) =>
    Action.map((action): [string, string] => [Sid, action]),
  );
}

describe("The operator's policy", () => {
  let aws: Fixture;
  let outputs: Deployment;
  let folder = "";
  let archive = "";
  before(async () => {
    aws = await sharedAws();
    folder = await mkdtemp(join(tmpdir(), "operator-policy-"));
    archive = join(folder, "export.json");
    outputs = await deploy(aws, { shards: 1 });
    const RoleName = outputs.roleArn.split("/").at(-1);
    const PolicyDocument = allow(["kinesis:PutRecord"], ["*"]);
    const { iam } = clientsOf(aws, aws.principals.operator);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "inline", PolicyDocument }));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
    await aws.remove();
  });

  const policyFor = (...tasks: Task[]) =>
    operatorPolicy(tasks, existingSubject(outputs, { name: "amplitude" }));
  const holderOf = (policy: OperatorPolicy) => principalWith.credentials(aws, JSON.stringify(policy));

  /** What a person gets to see with the policy: everything, or less. */
  type Seen = (credentials: Credentials) => Promise<string>;

  const checking: Seen = async (credentials) => {
    const options: CheckOptions = { outputs, endpoint: aws.endpoint, credentials };
    const { findings, stream, role, alarms } = await checkDeployment(options);
    return JSON.stringify([findings.map(({ code }) => code), stream, role, alarms]);
  };

  const verifying =
    (route: "role" | "operator", of: () => Deployment): Seen =>
    async (credentials) => {
      const options: VerifyOptions = {
        outputs: of(),
        source: generateEvents({ events: 3 }),
        route,
        endpoint: aws.endpoint,
        credentials,
        propagationSeconds: 0,
        timeoutSeconds: 5,
        settleMs: 50,
        pollMs: 50,
      };
      const { verdict, findings } = await verifyDelivery(options);
      return JSON.stringify([verdict, findings.map(({ code }) => code)]);
    };

  const sending =
    (route: "role" | "operator", of: () => Deployment): Seen =>
    async (credentials) => {
      const { outcome, findings } = await sendEvents({
        outputs: of(),
        source: generateEvents({ events: 3 }),
        route,
        endpoint: aws.endpoint,
        credentials,
        propagationSeconds: 0,
      });
      return JSON.stringify([outcome, findings.map(({ code }) => code)]);
    };

  /** Until the first record that is there already. */
  const watching: Seen = async (credentials) => {
    const { accessKeyId, secretAccessKey } = aws.principals.operator;
    await sending("operator", () => outputs)({ accessKeyId, secretAccessKey });
    const snapshots = watchStream({
      outputs,
      from: "trim-horizon",
      until: { events: 1, seconds: 5 },
      includeTests: true,
      endpoint: aws.endpoint,
      credentials,
      propagationSeconds: 0,
      pollMs: 50,
      intervalMs: 20,
    });
    let seen = "";
    for await (const { verdict, findings } of snapshots) {
      const codes = findings.map(({ code }) => code);
      // A busy machine reads late, which says nothing about permissions.
      seen = JSON.stringify([verdict, codes.filter((code) => code !== "latency-above-documented")]);
    }
    return seen;
  };

  /** Compares an event of the last hour that can be exported, which the stream lacks. */
  const reconciling =
    (backfill: boolean): Seen =>
    async (credentials) => {
      const [missing = {}] = await rows(1, crypto.randomUUID());
      const hour = new Date(Date.now() - 4 * HOUR_MS);
      const server_upload_time = hour.toISOString().replace("T", " ").replace("Z", "000");
      await writeFile(archive, JSON.stringify({ ...missing, server_upload_time }));
      const { verdict, findings } = await reconcileDelivery({
        outputs,
        from: formatHour(hour.getTime()),
        to: formatHour(hour.getTime()),
        exports: [archive],
        allTypes: true,
        backfill,
        endpoint: aws.endpoint,
        credentials,
        propagationSeconds: 0,
        pollMs: 50,
      });
      const codes = findings.map(({ code }) => code).filter((code) => code !== "events-late");
      return JSON.stringify([verdict, codes]);
    };

  const adopting: Seen = async (credentials) => {
    const options = { outputs, endpoint: aws.endpoint, credentials };
    return describeAdoption(options).then(JSON.stringify, (error: Error) => error.message);
  };

  const commands: [task: Task, seen: Seen, whole: string | RegExp][] = [
    ["adopt", adopting, /"policyArn".*inline, which is inline/],
    ["check", checking, /permissions-too-broad(?!.*(not-readable|undetermined|unavailable))/],
    ["verify-operator", verifying("operator", () => outputs), '["verified",[]]'],
    ["send-operator", sending("operator", () => outputs), '["sent",[]]'],
    ["watch", watching, '["verified",[]]'],
    ["reconcile", reconciling(false), '["incomplete",["events-missing"]]'],
    ["backfill", reconciling(true), '["complete",[]]'],
  ];
  for (const [task, seen, whole] of commands) {
    it(`is enough for ${task}, and less is not`, async () => {
      const policy = policyFor(task);
      const everything = await seen(await holderOf(policy));
      if (typeof whole === "string") expect(everything).to.equal(whole);
      else expect(everything).to.match(whole);
      expect(everything).to.equal(await seen(aws.principals.operator));
      for (const [sid, action] of grants(policy)) {
        const less = await seen(await holderOf(without(policy, sid, action)));
        expect(less, `without ${action} on ${sid}`).not.to.equal(everything);
      }
    });
  }

  const byRole: [task: Task, seen: (of: () => Deployment) => Seen, whole: string][] = [
    ["verify-role", (of) => verifying("role", of), '["verified",[]]'],
    ["send-role", (of) => sending("role", of), '["sent",[]]'],
  ];
  for (const [task, seen, whole] of byRole) {
    it(`is enough for ${task}, and less is not`, async () => {
      const policyOf = (of: Deployment) => operatorPolicy([task], existingSubject(of, { name: "amplitude" }));
      /** A stack whose role lets in the one who holds the policy. */
      const trying = async (change: (policy: OperatorPolicy) => OperatorPolicy) => {
        let own = outputs;
        const trust = trustOf("arn:aws:iam::358203115967:root");
        const statement = {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: "sts:AssumeRole",
        };
        const document = { Statement: [...JSON.parse(trust).Statement, statement] };
        own = await deploy(aws, { shards: 1, trust: JSON.stringify(document) });
        const holder = await holderOf(change(policyOf(own)));
        return seen(() => own)(holder);
      };
      expect(await trying((policy) => policy)).to.equal(whole);
      for (const [sid, action] of grants(policyOf(outputs))) {
        const less = await trying((policy) => without(policy, sid, action));
        expect(less, `without ${action}`).not.to.equal(whole);
      }
    });
  }

  describe("for pulumi up and destroy", () => {
    let made = 0;
    before(async () => {
      const { kinesis } = clientsOf(aws, aws.principals.operator);
      const provider = providerAs(aws, aws.principals.operator);
      await provider.logs(aws.region).send(new CreateLogGroupCommand({ logGroupName: EXISTING_LOG_GROUP }));
      provider.close();
      await kinesis.send(new CreateStreamCommand({ StreamName: EXISTING_STREAM, ShardCount: 1 }));
      await until(async () => {
        const { StreamDescriptionSummary } = await kinesis.send(
          new DescribeStreamSummaryCommand({ StreamName: EXISTING_STREAM }),
        );
        return StreamDescriptionSummary?.StreamStatus === "ACTIVE";
      });
    });
    const names = async (): Promise<Names> => {
      made += 1;
      const suffix = made.toString(16).padStart(7, "0");
      const { iam } = clientsOf(aws, aws.principals.operator);
      const policyNamed = async (PolicyName: string) => {
        const PolicyDocument = allow(["kinesis:*", "logs:*"], ["*"]);
        const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
        return Policy?.Arn ?? "";
      };
      const existingRole = `acme-role-e${suffix}`;
      const trust = trustOf("arn:aws:iam::358203115967:root");
      await iam.send(new CreateRoleCommand({ RoleName: existingRole, AssumeRolePolicyDocument: trust }));
      const RoleName = `acme-guard-role-e${suffix}`;
      const AssumeRolePolicyDocument = trustOf({ Service: "pipes.amazonaws.com" });
      await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
      const PolicyDocument = allow(["kinesis:*", "logs:*"], ["*"]);
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "inline", PolicyDocument }));
      return {
        guardPipe: `acme-guard-${suffix}`,
        guardLog: `acme-guard-log-${suffix}`,
        guardRole: `acme-guard-role-${suffix}`,
        guardPolicy: `acme-guard-policy-${suffix}`,
        existingGuardRole: RoleName,
        existingGuardPolicyArn: await policyNamed(`acme-guard-policy-e${suffix}`),
        existingLogGroupArn: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:${EXISTING_LOG_GROUP}`,
        stream: `acme-stream-${suffix}`,
        role: `acme-role-${suffix}`,
        policy: `acme-policy-${suffix}`,
        alarm: `acme-silence-${suffix}`,
        existingPolicyArn: await policyNamed(`acme-policy-e${suffix}`),
        existingRole,
        existingStreamArn: `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/${EXISTING_STREAM}`,
      };
    };

    const policy = operatorPolicy(
      ["up"],
      plannedSubject(ACCOUNT, "us-east-1", { name: "acme", guard: true }),
    );
    const fromSource = Object.entries(REAL_PROVIDER_NEEDS).flatMap(([sid, actions]) =>
      (actions ?? []).map((action) => `${action} on ${sid}`),
    );
    const seen = grants(policy).filter(([sid, action]) => !fromSource.includes(`${action} on ${sid}`));

    /** @returns what was refused, if anything was. */
    async function liveAs(held: OperatorPolicy, life: string): Promise<string> {
      const provider = providerAs(aws, await holderOf(held));
      try {
        await LIVES[life]?.(provider, await names());
        return "";
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      } finally {
        provider.close();
      }
    }

    for (const life of Object.keys(LIVES)) {
      it(`is enough for a ${life}, from its creation through every change to its deletion`, async () => {
        expect(await liveAs(policy, life)).to.equal("");
      });
    }

    const livesOf = (sid: string): string[] => {
      if (sid === "Stream" || sid === "AnyStream") return ["stream", "stream policy"];
      if (sid === "Role" || sid === "AttachedPolicy") return ["role", "attachment"];
      const lives: Record<string, string[]> = {
        WritePolicy: ["policy"],
        Alarms: ["alarm"],
        GuardRole: ["guard role", "guard attachment"],
        GuardAttachment: ["guard attachment"],
        GuardPolicy: ["guard policy"],
        GuardLog: ["guard log"],
        AnyLogGroup: ["guard log"],
        GuardPipe: ["guard pipe"],
        PassedRole: ["guard pipe"],
      };
      return lives[sid] ?? [];
    };
    for (const sid of new Set(seen.map(([each]) => each))) {
      it(`is not enough without any one of its actions on ${sid}`, async () => {
        const actions = seen.filter(([each]) => each === sid).map(([, action]) => action);
        const spare = await Promise.all(
          actions.map(async (action) => {
            const less = without(policy, sid, action);
            const refused = await Promise.all(livesOf(sid).map((life) => liveAs(less, life)));
            return refused.join("").includes(`is not authorized to perform: ${action}`)
              ? []
              : [action, ...refused];
          }),
        );
        expect(spare.flat()).to.deep.equal([]);
      });
    }

    it("holds what the real provider's source calls beyond that, and the key's description where there is a key", () => {
      expect(fromSource).to.have.length(6);
      expect(grants(policy).map(([sid, action]) => `${action} on ${sid}`)).to.include.members(fromSource);
      const withKey = operatorPolicy(["up"], plannedSubject(ACCOUNT, "us-east-1", { kmsKeyArn: KEY }));
      expect(withKey.Statement.find(({ Sid }) => Sid === "Key")).to.deep.include({
        Action: ["kms:DescribeKey"],
        Resource: KEY,
      });
    });

    it("lets nobody attach another policy to the role", async () => {
      const other = await principalWith.policy(aws, allow(["*"], ["*"]));
      const { iam } = clientsOf(aws, await holderOf(policy));
      const { existingRole } = await names();
      const attaching = iam.send(new AttachRolePolicyCommand({ RoleName: existingRole, PolicyArn: other }));
      expect(await attaching.catch((error: Error) => error.name)).to.equal("AccessDenied");
    });
  });

  describe("in words", () => {
    const all = TASKS;

    it("fits into one managed policy for everything, a customer's key included", () => {
      const long = {
        ...outputs,
        streamName: "s".repeat(128),
        roleArn: `arn:aws:iam::${ACCOUNT}:role/${"r".repeat(64)}`,
      };
      const policy = operatorPolicy(all, existingSubject(long, { name: "n".repeat(64), kmsKeyArn: KEY }));
      expect(JSON.stringify(policy).length).to.be.lessThan(6_144);
    });

    it("says nothing twice, and never * for a service's actions", () => {
      const policy = operatorPolicy(all, existingSubject(outputs, { name: "amplitude", kmsKeyArn: KEY }));
      const sids = policy.Statement.map(({ Sid }) => Sid);
      expect(new Set(sids).size).to.equal(sids.length);
      for (const { Action } of policy.Statement) {
        expect(Action).to.deep.equal([...new Set(Action)].sort());
        for (const action of Action) expect(action).to.match(/^[a-z]+:[A-Za-z]+$/);
      }
      const ofPolicies = policy.Statement.filter(({ Sid }) => /^(Write|Any)Policy$/.test(Sid)).flatMap(
        ({ Action }) => Action,
      );
      expect(new Set(ofPolicies).size).to.equal(ofPolicies.length);
    });

    it("has the key through Kinesis alone, for this stream", () => {
      const policy = operatorPolicy(
        ["watch"],
        existingSubject(outputs, { name: "amplitude", kmsKeyArn: KEY }),
      );
      expect(policy.Statement.at(-1)).to.deep.equal({
        Sid: "KeyThroughKinesis",
        Effect: "Allow",
        Action: ["kms:Decrypt"],
        Resource: KEY,
        Condition: {
          StringLike: {
            "kms:ViaService": "kinesis.us-east-1.amazonaws.com",
            "kms:EncryptionContext:aws:kinesis:arn": `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/${outputs.streamName}`,
          },
        },
      });
    });

    it("names the write policy by the component's name, which the role's or the stream's begins with", () => {
      const region = "us-east-1";
      const named = (roleName: string, streamName: string) =>
        existingSubject({ region, streamName, roleArn: `arn:aws:iam::${ACCOUNT}:role/team/${roleName}` }, {})
          .policyArn;
      const expected = `arn:aws:iam::${ACCOUNT}:policy/team/acme-policy-*`;
      expect(named("acme-role-0123456789abcdef0123", "events")).to.equal(expected);
      expect(named("writer", "acme-stream-1a2b3c4")).to.equal(expected);
      expect(() => named("writer", "events")).to.throw(/Give --name/);
    });
  });

  it("is held by a session as well as by a user", async () => {
    const arn = await principalWith.role(aws, JSON.stringify(policyFor("watch")));
    expect(await watching(await assume(aws, aws.principals.operator, arn))).to.equal('["verified",[]]');
  });
});
