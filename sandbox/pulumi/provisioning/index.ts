import type { LocalAws } from "../../aws";
import { provisionThroughEngine } from "./engine";
import { provisionInProcess } from "./inProcess";
import type { PulumiCli } from "./pulumiCli";
import { findPulumiCli } from "./pulumiCli";

export interface ProvisionOptions {
  /** The only place where anything is written. It has to exist, and to hold no stack of this name. */
  folder: string;
  aws: LocalAws;
  stackName: string;
  /**
   * The stack's configuration, over the defaults of Pulumi.yaml: `streamName: "events"`, `tags: { team: "data" }`.
   * A key without a namespace is the project's own.
   */
  config?: Record<string, unknown>;
  /** Default: the engine where a `pulumi` command that is new enough is on PATH, else Pulumi's in-process runtime. */
  engine?: "pulumi" | "in-process" | undefined;
  /** The stack program. Default: the project's own. */
  program?: string;
  /** Gives the provisioning up, whose processes are then killed; what it has made stays. */
  signal?: AbortSignal;
}

export interface StackOutputs {
  roleArn: string;
  region: string;
  streamName: string;
  streamArn: string;
  readme: string;
}

export interface Provisioned {
  /** What made the resources, in words: `Pulumi engine v3.259.0` or `Pulumi's in-process runtime`. */
  engine: string;
  outputs: StackOutputs;
  /** Where the engine keeps the stack; absent where Pulumi ran in process, which keeps none. */
  stack?: { name: string; project: string; environment: Record<string, string> };
  /** Deletes what was made, the last first. */
  destroy(): Promise<void>;
}

/**
 * Runs the stack program against the sandbox's AWS.
 *
 * @throws Error with what the program, the engine or the provider said, where the stack could not be made.
 * When it is given up, it rejects once its processes have ended, or some seconds later.
 */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const cli = await chosenCli(options);
  return cli === undefined ? provisionInProcess(options) : provisionThroughEngine(options, cli);
}

async function chosenCli({ engine, folder, signal }: ProvisionOptions): Promise<PulumiCli | undefined> {
  if (engine === "in-process") return undefined;
  const cli = await findPulumiCli(folder, signal);
  if (cli !== undefined || engine === undefined) return cli;
  throw new Error("there is no pulumi command of version 3.200 or newer on PATH");
}
