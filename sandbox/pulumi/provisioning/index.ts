import { provisionThroughEngine } from "./engine";
import { provisionInProcess } from "./inProcess";
import type { Provisioned, ProvisionOptions } from "./places";
import type { PulumiCli } from "./pulumiCli";
import { findPulumiCli } from "./pulumiCli";

export type { Provisioned, ProvisionOptions, StackOutputs } from "./places";

/**
 * Runs the stack program against the sandbox's AWS.
 *
 * @throws Error with the message of the program, the engine or the provider if the stack could not be created.
 * After a cancellation it rejects once its processes have ended, or some seconds later.
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const cli = await chosenCli(options);
  return cli === undefined ? provisionInProcess(options) : provisionThroughEngine(options, cli);
}

async function chosenCli({ engine, folder, signal }: ProvisionOptions): Promise<PulumiCli | undefined> {
  if (engine === "in-process") return undefined;
  const cli = await findPulumiCli(folder, signal);
  if (cli !== undefined || engine === undefined) return cli;
  throw new Error("no pulumi command of version 3.200 or later is on the PATH");
}
