import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OutputMap, Stack } from "@pulumi/pulumi/automation";

/** Key by which the engine marks an encrypted value. */
const SECRET = "4dabf18193072939515e22adb298388d";

/**
 * Makes a stack read its outputs, its state and its last update from the engine's files. The Automation API starts three
 * commands after each update to read them, which take as much CPU time as the update.
 *
 * @param folder Folder of the run, which holds the state.
 * @throws Error if an output is secret, because the file holds it encrypted.
 */
export function readingFiles(stack: Stack, folder: string): Stack {
  const place = (kind: string, ...names: string[]) =>
    join(folder, "pulumi", "state", ".pulumi", kind, "amplitude-kinesis", ...names);
  const json = async (path: string) => JSON.parse(await readFile(path, "utf8"));
  stack.exportStack = async () => {
    const { version, checkpoint } = await json(place("stacks", `${stack.name}.json`));
    return { version, deployment: checkpoint.latest };
  };
  stack.outputs = async () => {
    const { deployment } = await stack.exportStack();
    const root = deployment?.resources?.find(({ type }: { type: string }) => type === "pulumi:pulumi:Stack");
    const outputs: OutputMap = {};
    for (const [name, value] of Object.entries(root?.outputs ?? {})) {
      if (JSON.stringify(value).includes(SECRET)) throw new Error(`${name} is secret; use createStack`);
      outputs[name] = { value, secret: false };
    }
    return outputs;
  };
  stack.info = async () => {
    const updates = await readdir(place("history", stack.name));
    const last = updates.filter((file) => file.endsWith(".history.json")).sort();
    return json(place("history", stack.name, last.at(-1) ?? "no update"));
  };
  return stack;
}
