import { readdir, readFile } from "node:fs/promises";

/** Returns the commands of running processes whose environment or command line names the folder, from Linux's /proc. */
export async function processesNaming(folder: string): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    ids.map(async (id) => {
      const told = (file: string) => readFile(`/proc/${id}/${file}`, "utf8").catch(() => "");
      const [environment, command] = [await told("environ"), await told("cmdline")];
      return environment.includes(folder) || command.includes(folder) ? command : "";
    }),
  );
  return commands.filter((command) => command !== "");
}
