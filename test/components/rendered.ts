import * as pulumi from "@pulumi/pulumi";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime";
import { AmplitudeKinesisDestination, type AmplitudeKinesisDestinationArgs } from "../../components/index";

const ACCOUNT = "111122223333";

export type Rendered = Pick<MockResourceArgs, "type" | "name" | "inputs">;

/** Returns the outputs that AWS would give for the inputs. */
function stateOf({ type, name, inputs }: MockResourceArgs): Record<string, unknown> {
  const physicalName = inputs.name ?? `${name}-0a1b2c3`;
  const arns: Record<string, string> = {
    "aws:kinesis/stream:Stream": `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/${physicalName}`,
    "aws:iam/role:Role": `arn:aws:iam::${ACCOUNT}:role${inputs.path ?? "/"}${physicalName}`,
    "aws:iam/policy:Policy": `arn:aws:iam::${ACCOUNT}:policy${inputs.path ?? "/"}${physicalName}`,
    "aws:cloudwatch/logGroup:LogGroup": `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:${physicalName}`,
    "aws:pipes/pipe:Pipe": `arn:aws:pipes:us-east-1:${ACCOUNT}:pipe/${physicalName}`,
  };
  return { ...inputs, name: physicalName, region: "us-east-1", arn: arns[type] };
}

let releaseLast = () => {};

/**
 * Ends what is pending, and waits until everything of the last component is registered: Pulumi's runtime is shared, so that
 * the rest would reach the mocks of the next one, or be reported as a leak at the end of the process.
 */
export async function settle(): Promise<void> {
  releaseLast();
  await pulumi.runtime.disconnect();
}

/**
 * Creates the component with Pulumi's mocks and records its resources, once the last one has settled. The creation of type
 * `pending` ends only in `settle`, to show which outputs wait for it.
 */
export async function render(
  name: string,
  args: AmplitudeKinesisDestinationArgs,
  options: { pending?: string } = {},
) {
  await settle();
  const resources: Rendered[] = [];
  const released = new Promise<void>((resolve) => {
    releaseLast = resolve;
  });
  await pulumi.runtime.setMocks({
    newResource: async (resource) => {
      resources.push({ type: resource.type, name: resource.name, inputs: resource.inputs });
      if (resource.type === options.pending) await released;
      return { id: `${resource.name}-id`, state: stateOf(resource) };
    },
    call: ({ token }) => {
      if (token === "aws:index/getCallerIdentity:getCallerIdentity") return { accountId: ACCOUNT };
      if (token === "aws:index/getRegion:getRegion") return { region: "us-east-1" };
      throw new Error(`unexpected call of ${token}`);
    },
  });
  const destination = new AmplitudeKinesisDestination(name, args);
  return { destination, resources };
}

export function resolvedValue<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}

/** Returns the inputs of the one resource of each type, once every resource has been registered. */
export async function renderedInputs(name: string, args: AmplitudeKinesisDestinationArgs) {
  const { destination, resources } = await render(name, args);
  await resolvedValue(pulumi.all([destination.policyArn, destination.streamName]));
  await settle();
  const inputsOf = (type: string) => resources.find((resource) => resource.type === type)?.inputs ?? {};
  return {
    resources,
    stream: inputsOf("aws:kinesis/stream:Stream"),
    role: inputsOf("aws:iam/role:Role"),
    policy: inputsOf("aws:iam/policy:Policy"),
    streamPolicy: inputsOf("aws:kinesis/resourcePolicy:ResourcePolicy"),
    attachment: inputsOf("aws:iam/rolePolicyAttachment:RolePolicyAttachment"),
  };
}
