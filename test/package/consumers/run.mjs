// Runs the installed component with Pulumi's mocks instead of the engine, and prints its resources and its outputs.
import * as pulumi from "@pulumi/pulumi";
import { AmplitudeKinesisDestination, StreamMode } from "pulumi-amplitude-kinesis";

const types = [];
await pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => {
    types.push(type);
    return { id: name, state: { ...inputs, name, region: "eu-central-1", arn: `arn:of:${name}` } };
  },
  call: ({ token }) => {
    throw new Error(`unexpected call of ${token}`);
  },
});
const { roleArn, region, streamName } = new AmplitudeKinesisDestination("acme", {
  streamMode: StreamMode.Provisioned,
  shardCount: 2,
});
pulumi
  .all({ roleArn, region, streamName })
  .apply((outputs) => console.log(JSON.stringify({ types: types.sort(), outputs })));
