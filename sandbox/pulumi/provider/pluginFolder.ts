import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes what the engine takes for the AWS provider: a folder with an executable named `pulumi-resource-aws`, to be
 * named in `plugins.providers` of the project. The plugin itself runs from here, on the Node that runs this.
 */
export async function writePluginFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const command = [process.execPath, "-r", require.resolve("tsx/cjs"), join(__dirname, "main.ts")];
  const script = `#!/bin/sh\nexec ${command.map(quoted).join(" ")} "$@"\n`;
  await writeFile(join(folder, "pulumi-resource-aws"), script, { mode: 0o755 });
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
