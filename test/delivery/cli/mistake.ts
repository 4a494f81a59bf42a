import { expect } from "chai";
import { clientsOf, type Fixture, sharedAws } from "../../sandbox/aws/localAws";
import { type Lie, startLyingProxy } from "../aws/lyingProxy";
import { type Deployment, deploy } from "../deployment/deploy";
import { principalWith } from "../deployment/principalWith";
import { environmentOf } from "./commandLine";
import { runInProcess } from "./inProcess";

export interface Attempt {
  args: string[];
  env?: Record<string, string>;
}

/** A mistake, the call that makes it, the output (cause, location, next step), and the exit status. */
export type Mistake = [
  what: string,
  attempt: () => Attempt | Promise<Attempt>,
  says: RegExp[],
  status: number,
];

/** A sandbox with a deployment, and the attempts of mistakes on it. Call it in a suite. */
export function mistakesOn() {
  let aws: Fixture;
  let env: Record<string, string>;
  let outputs: Deployment;
  const servers: { stop(): unknown }[] = [];
  before(async () => {
    aws = await sharedAws();
    env = environmentOf(aws, aws.principals.operator);
    outputs = await deploy(aws, { shards: 1 });
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });
  after(() => aws.remove());
  return {
    get aws() {
      return aws;
    },
    get env() {
      return env;
    },
    get outputs() {
      return outputs;
    },
    /** Stopped after the test. */
    servers,
    operator: () => clientsOf(aws, aws.principals.operator),
    flagsOf: ({ roleArn, region, streamName }: Deployment) => [
      ...["--role-arn", roleArn, "--region", region, "--stream-name", streamName],
    ],
    /** Runs as a role that holds only this policy. */
    async holding(document: string, { args }: Attempt): Promise<Attempt> {
      const { accessKeyId, secretAccessKey, sessionToken } = await principalWith.credentials(aws, document);
      const held = {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
      };
      return { args, env: { ...env, ...held } };
    },
    /** Runs against an AWS that answers some calls wrongly. */
    async under(lie: Lie, { args }: Attempt): Promise<Attempt> {
      const proxy = await startLyingProxy(aws.endpoint, lie);
      servers.push(proxy);
      return { args, env: { ...env, AWS_ENDPOINT_URL: proxy.endpoint } };
    },
    /** Defines a test per mistake, of which there are more than `count`. */
    eachSays(mistakes: readonly Mistake[], count: number, secret = "no secret"): void {
      for (const [what, attempt, says, status] of mistakes) {
        it(`${what}: exit ${status}`, async () => {
          const { args, env: own = env } = await attempt();
          const { stdout, stderr, ...outcome } = await runInProcess(args, own);
          const printed = stdout + stderr;
          for (const each of says) expect(printed).to.match(each);
          expect(printed).not.to.match(/^\s+at /m);
          expect(printed).not.to.include("unexpected error:");
          expect(printed).not.to.include(secret);
          expect(outcome.status, printed).to.equal(status);
          // A process that could not start writes the reason outside of the pipe. `watch` prints its steps as it goes.
          if (status === 2 && args[0] !== "watch") expect(stdout).to.equal("");
        });
      }
      it(`is one of more than ${count} different ones`, () => {
        expect(mistakes.length).to.be.greaterThan(count);
        expect(new Set(mistakes.map(([what]) => what)).size).to.equal(mistakes.length);
      });
    },
  };
}
