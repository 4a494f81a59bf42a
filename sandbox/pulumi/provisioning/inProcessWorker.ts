import { randomBytes } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import * as pulumi from "@pulumi/pulumi";
import type { MockCallArgs, MockResourceArgs, MockResourceResult } from "@pulumi/pulumi/runtime";
import { check } from "../provider/check";
import { connect } from "../provider/clients";
import { configurationOf } from "../provider/configuration";
import { create } from "../provider/lifecycle";
import { callFunction, typeOf } from "../provider/types";
import { autonamingFor, type Report, type Task } from "./inProcess";
import type { StackOutputs } from "./places";

const { program, project, stackName, config, provider } = workerData as Task;
const aws = connect(configurationOf(provider, {}));

/** Leaves errors unhandled on purpose: they end the thread, and its parent receives the reason. */
async function main(): Promise<void> {
  await pulumi.runtime.setMocks({ newResource, call }, project.name, stackName, false);
  pulumi.runtime.setAllConfig(config);
  const outputs = await pulumi.runtime.runInPulumiStack(async () => require(program));
  await pulumi.runtime.disconnect();
  if (failures.length > 0) throw failures[0];
  report({ outputs: outputs as unknown as StackOutputs });
}

/** Errors of resources that no output depends on, which may occur after the outputs are known. */
const failures: unknown[] = [];

async function newResource(request: MockResourceArgs): Promise<MockResourceResult> {
  return makeResource(request).catch((error: unknown) => {
    failures.push(error);
    throw error;
  });
}

async function makeResource(request: MockResourceArgs): Promise<MockResourceResult> {
  const { type: token, name, inputs, custom, id: existing } = request;
  if (custom !== true) return { id: undefined, state: inputs };
  if (existing) throw new Error(`${name}: only the engine can read or adopt an existing resource`);
  const type = typeOf(token);
  const autonaming = autonamingFor(project, stackName, token, name);
  const checked = check(type, {
    logicalName: name,
    news: inputs,
    olds: {},
    seed: randomBytes(32),
    autonaming,
  });
  const reasons = checked.failures.map(({ property, reason }) => `  ${property}: ${reason}`);
  if (reasons.length > 0) throw new Error(`${token} ${name} can't be created:\n${reasons.join("\n")}`);
  const { id, state } = await create(aws, type, checked.inputs);
  report({ made: { token, id, state } });
  return { id, state };
}

function call({ token, inputs }: MockCallArgs): Promise<Record<string, unknown>> {
  return callFunction(() => aws, token, inputs);
}

function report(message: Report): void {
  parentPort?.postMessage(message);
}

/** A thread drops a message that is an accessor, as the component's is. */
process.on("unhandledRejection", (reason) => {
  throw reason instanceof Error ? new Error(reason.message, { cause: reason }) : reason;
});

void main();
