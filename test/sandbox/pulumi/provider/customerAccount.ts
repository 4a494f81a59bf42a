import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalAws, startAws } from "../../../../sandbox/aws";
import { check } from "../../../../sandbox/pulumi/provider/check";
import { type Aws, connect } from "../../../../sandbox/pulumi/provider/clients";
import type { Properties } from "../../../../sandbox/pulumi/provider/properties";
import type { ResourceType } from "../../../../sandbox/pulumi/provider/resourceType";

/** The sandbox's AWS as the operator of the customer's account reaches it, up while a suite runs. */
export function customerAccount() {
  let folder: string;
  let local: LocalAws;
  let aws: Aws;
  before(async function () {
    this.timeout(20_000);
    folder = await mkdtemp(join(tmpdir(), "provider-test-"));
    local = await startAws({ folder });
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = local.principals.operator;
    const endpoints = { kinesis: local.endpoint, iam: local.endpoint, cloudwatch: local.endpoint };
    aws = connect({ region: local.region, accessKey, secretKey, endpoints });
  });
  after(async () => {
    aws?.close();
    await local?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get aws() {
      return aws;
    },
    get local() {
      return local;
    },
  };
}

/** The inputs as the engine would hand them to create or update. */
export function checked(type: ResourceType, logicalName: string, news: Properties): Properties {
  const { inputs, failures } = check(type, { logicalName, news, olds: {}, seed: Buffer.from(logicalName) });
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return inputs;
}

export function trusting(principal: string): string {
  const statement = { Effect: "Allow", Principal: { AWS: principal }, Action: "sts:AssumeRole" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

export function allowing(action: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: action, Resource: "*" }],
  });
}

export const AMPLITUDE = "arn:aws:iam::358203115967:root";
