// Runs a stack with Pulumi's mocks instead of the engine, and prints its resources by type and its outputs.
import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";

const [program, config = "{}"] = process.argv.slice(2);
const types = [];
await pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => {
    types.push(type);
    const outputs = { streamArn: "arn:aws:kinesis:eu-central-1:111122223333:stream/acme" };
    return { id: name, state: { ...inputs, outputs, name, region: "eu-central-1", arn: `arn:of:${name}` } };
  },
  call: ({ token }) => {
    throw new Error(`unexpected call of ${token}`);
  },
});
pulumi.runtime.setAllConfig(JSON.parse(config));
// An ES module exports by name; CommonJS gives its exports as the default.
const { default: ofCommonJs = {}, ...named } = await import(pathToFileURL(program).href);
pulumi
  .output({ ...ofCommonJs, ...named })
  .apply((outputs) => console.log(JSON.stringify({ types: types.sort(), outputs })));
