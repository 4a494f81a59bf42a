import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paginateListAttachedRolePolicies } from "@aws-sdk/client-iam";
import type { Stack } from "@pulumi/pulumi/automation";
import { type LocalAws, startAws } from "../../../../sandbox/aws";
import { type Aws, connect } from "../../../../sandbox/pulumi/provider/clients";
import { SERVICES } from "../../../../sandbox/pulumi/provider/configuration";
import { read } from "../../../../sandbox/pulumi/provider/lifecycle";
import { type ProviderServer, startProviderServer } from "../../../../sandbox/pulumi/provider/service";
import { typeOf } from "../../../../sandbox/pulumi/provider/types";
import { createStack } from "../../../../sandbox/pulumi/provisioning/engine";
import type {
  Provisioned,
  ProvisionOptions,
  StackOutputs,
} from "../../../../sandbox/pulumi/provisioning/places";
import { findPulumiCli, type PulumiCli } from "../../../../sandbox/pulumi/provisioning/pulumiCli";
import { skip } from "../../../skip";
import { readingFiles } from "./stackFiles";

/** Starts the sandbox's AWS in a folder while a suite runs. */
export function sandboxRun() {
  let folder: string | undefined;
  let local: LocalAws;
  let aws: Aws;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "provisioning test "));
    local = await startAws({ folder });
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = local.principals.operator;
    const endpoints = Object.fromEntries(SERVICES.map((service) => [service, local.endpoint]));
    aws = connect({ region: local.region, accessKey, secretKey, endpoints });
  });
  after(async () => {
    aws?.close();
    await local?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });
  return {
    get aws() {
      return aws;
    },
    get local() {
      return local;
    },
    get folder(): string {
      if (folder === undefined) throw new Error("the suite has not started");
      return folder;
    },
    /** Returns the current state of the resources that the outputs name. */
    async state({ streamArn, roleArn }: StackOutputs) {
      const roleName = roleArn.split("/").at(-1) ?? "";
      const stream = await read(aws, typeOf("aws:kinesis/stream:Stream"), streamArn, {}, {});
      const role = await read(aws, typeOf("aws:iam/role:Role"), roleName, {}, {});
      const attached: string[] = [];
      if (role !== undefined) {
        for await (const page of paginateListAttachedRolePolicies(
          { client: aws.iam },
          { RoleName: roleName },
        )) {
          attached.push(...(page.AttachedPolicies ?? []).map(({ PolicyArn }) => PolicyArn ?? ""));
        }
      }
      return { stream: stream?.state, role: role?.state, attached };
    },
    /** Writes a stack program for one test. */
    async program(name: string, source: string): Promise<string> {
      const path = join(this.folder, `${name}.ts`);
      const from = (specifier: string) => JSON.stringify(require.resolve(specifier));
      const imports = `const pulumi = require(${from("@pulumi/pulumi")});
const kinesis = require(${from("@pulumi/aws/kinesis")});
`;
      await writeFile(path, imports + source);
      return path;
    },
  };
}

/**
 * Creates a suite's stacks whose engine uses a provider in this process, instead of starting the plugin for every
 * operation. One provider has one configuration: a program with several providers needs `createStack` itself.
 */
export function attachedStacks(
  run: { readonly folder: string; readonly local: LocalAws },
  cli: () => PulumiCli,
) {
  let provider: ProviderServer;
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  before(async () => {
    provider = await startProviderServer();
    const { accessKeyId, secretAccessKey } = run.local.principals.operator;
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  });
  after(() => {
    provider?.stop();
    for (const [name, value] of Object.entries({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  return async (options: ProvisionOptions): Promise<Stack> => {
    const stack = await createStack({ ...options, providerPort: provider.port }, cli());
    return readingFiles(stack, options.folder);
  };
}

/** Returns the Pulumi command for a suite, which is skipped with a note if there is none. */
export function engineOf(run: { readonly folder: string }) {
  let cli: PulumiCli | undefined;
  before(async function () {
    cli = await findPulumiCli(run.folder);
    if (cli !== undefined) return;
    skip(this, "no pulumi command of version 3.200 or later is on PATH");
  });
  return (): PulumiCli => {
    if (cli === undefined) throw new Error("there is no pulumi command");
    return cli;
  };
}

/** Returns the message of a rejected provisioning. */
export async function refusal(provisioned: Promise<Provisioned>): Promise<string> {
  return provisioned.then(
    () => "nothing: it was provisioned",
    (error: Error) => error.message,
  );
}
