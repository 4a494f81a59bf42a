import { execFile } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { shellWord } from "../../sandbox/pulumi/provisioning/places";
import { ENTRY } from "../delivery/cli/commandLine";

/** Tools that the documents' commands may use besides the project's commands. Any other tool is not found. */
const TOOLS = "bash cat cp env fish grep head jq mkdir rm sed sh tail zsh".split(" ");

/** Commands that are not run, each with the reason. They print nothing and succeed. */
export const NOT_RUN: Record<string, string> = {
  aws: "the AWS CLI is not part of the project; its operations are held to the SDK's",
  gh: "it speaks to GitHub",
  git: "it would work on this repository",
  "npm ci": "the tests run in what it installs",
  "npm install": "it asks a registry; package.integration.test.ts installs the packed package",
  "npm pack": "package.integration.test.ts packs and unpacks",
  "npm run sandbox": "sandbox/command.integration.test.ts runs it, and .ci/run the README's line",
  "npm run bench": "it measures for minutes; bench.integration.test.ts runs a short one",
  "npm run bench:preview": "it measures for minutes",
  "npm run campaign": "campaign.integration.test.ts runs a few of its seeds",
  "npm run check": ".ci/run runs it",
  "npm run docs:api": "reference.integration.test.ts makes the reference",
  "npm run format": "it would write to this repository",
  "npm test": "these are the tests",
  "pulumi package":
    "it asks a registry; plugin.integration.test.ts and sdks.integration.test.ts do what it does",
};

export interface StandIns {
  /** The only folder on the PATH. */
  bin: string;
  /** Log of the commands that were not run, one per line. */
  log: string;
}

/** The `pulumi` of the stand-ins. */
export interface PulumiStandIn {
  /** Lines of a shell script. They use `"$@"`. */
  script: string;
}

/** Creates a PATH on which the documents' commands work as for a reader, against the sandbox. */
export async function writeStandIns(
  folder: string,
  pulumi: PulumiStandIn,
  amplitudeUrl: string,
): Promise<StandIns> {
  const bin = join(folder, "bin");
  const log = join(folder, "not-run.log");
  await mkdir(bin);
  await writeFile(log, "");
  for (const tool of TOOLS) {
    const path = await located(tool);
    if (path !== undefined) await symlink(path, join(bin, tool));
  }
  const note = `echo "$name $*" >> ${shellWord(log)}`;
  const program = (name: string, lines: string) =>
    writeFile(join(bin, name), `#!/bin/sh\nname=${name}\n${lines}\n`).then(() =>
      chmod(join(bin, name), 0o755),
    );
  await program("npx", ownCommand(amplitudeUrl));
  await program("npm", npmCommand(note));
  await program("pulumi", `case "$1" in package) ${note}; exit 0;; esac\n${pulumi.script}`);
  for (const name of ["aws", "gh", "git"]) await program(name, note);
  return { bin, log };
}

/** Adds the address of the sandbox's Amplitude, because Amplitude's own is the default. */
function ownCommand(amplitudeUrl: string): string {
  return `[ "$1" = amplitude-kinesis ] || { echo "no runner knows: npx $*" >&2; exit 97; }
shift
case " $* " in
*" --amplitude-url "*) ;;
*" --route amplitude "*) set -- "$@" --amplitude-url ${shellWord(amplitudeUrl)};;
esac
exec ${shellWord(process.execPath)} ${shellWord(ENTRY)} "$@"`;
}

function npmCommand(note: string): string {
  const known = Object.keys(NOT_RUN).filter((words) => words.startsWith("npm "));
  const patterns = known.flatMap((words) => [`"${words.slice(4)}"`, `"${words.slice(4)} "*`]);
  return `case "$*" in
${patterns.join("|")}) ${note};;
*) echo "no runner knows: npm $*" >&2; exit 97;;
esac`;
}

async function located(tool: string): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)("sh", ["-c", `command -v ${tool}`]).catch(() => ({
    stdout: "",
  }));
  return stdout.trim() || undefined;
}
