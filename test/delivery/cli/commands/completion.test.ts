import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { Command, Option } from "commander";
import {
  commandTree,
  completionScript,
  SHELLS,
  type Shell,
} from "../../../../delivery/cli/commands/completion";
import { skip } from "../../../skip";
import { runInProcess } from "../inProcess";

const COMMANDS = ["check", "verify", "handoff", "operator-policy", "completion"];

describe("The completion", () => {
  let folder: string;
  const scripts = new Map<Shell, string>();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "completion-"));
    for (const shell of SHELLS) {
      const { stdout, status } = await runInProcess(["completion", shell]);
      expect(status).to.equal(0);
      const file = join(folder, shell);
      await writeFile(file, stdout);
      scripts.set(shell, file);
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function ask(shell: Shell, program: string): Promise<string[]> {
    const { stdout } = await promisify(execFile)(
      shell,
      shell === "bash" ? ["--norc", "-c", program] : ["-c", program],
    );
    return stdout.split("\n").filter((line) => line !== "");
  }

  /** Runs the function that bash calls for a Tab. */
  const bash = (...words: string[]) =>
    ask(
      "bash",
      `source ${scripts.get("bash")}
       COMP_WORDS=(amplitude-kinesis ${words.map((word) => `'${word}'`).join(" ")})
       COMP_CWORD=${words.length}
       _amplitude_kinesis
       printf '%s\\n' "\${COMPREPLY[@]}"`,
    );
  const fish = (line: string) => ask("fish", `source ${scripts.get("fish")}; complete -C '${line}'`);

  async function isThere(shell: Shell): Promise<boolean> {
    return promisify(execFile)(shell, ["-c", "true"]).then(
      () => true,
      () => false,
    );
  }

  it("completes every command and the program's options in bash", async () => {
    expect(await bash("")).to.include.members([...COMMANDS, "--debug", "--version"]);
    expect(await bash("ver")).to.deep.equal(["verify"]);
  });

  it("completes a command's options, choices and files in bash", async () => {
    expect(await bash("check", "--te")).to.deep.equal(["--test-principal"]);
    expect(await bash("--debug", "handoff", "--h")).to.have.members(["--html", "--help"]);
    expect(await bash("operator-policy", "--for", "")).to.have.members([
      "up",
      "adopt",
      "check",
      "verify",
      "send",
      "watch",
      "reconcile",
      "backfill",
      "all",
    ]);
    expect(await bash("verify", "--route", "r")).to.deep.equal(["role"]);
    expect(await bash("verify", "--outputs", `${folder}/ba`)).to.deep.equal([`${folder}/bash`]);
    expect(await bash("verify", "--stack", "")).to.deep.equal([]);
    expect(await bash("completion", "z")).to.deep.equal(["zsh"]);
  });

  it("completes commands, options with descriptions, choices and files in fish", async function () {
    if (!(await isThere("fish"))) {
      skip(this, "no fish is on PATH");
    }
    expect((await fish("amplitude-kinesis ")).map((line) => line.split("\t")[0])).to.include.members(
      COMMANDS,
    );
    expect(await fish("amplitude-kinesis operator-policy --for ver")).to.deep.equal([
      "verify\ttask of that person",
    ]);
    const [option] = await fish("amplitude-kinesis check --test-p");
    expect(option).to.match(/^--test-principal\t.*may be trusted/);
    expect(await fish(`amplitude-kinesis verify --outputs ${folder}/ba`)).to.deep.equal([`${folder}/bash`]);
  });

  it("completes in zsh", async function () {
    if (!(await isThere("zsh"))) {
      skip(this, "no zsh is on PATH");
    }
    // zsh completes only on a terminal, so the test types into a pseudo-terminal (zpty).
    const program = `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell "PS1=; autoload -Uz compinit && compinit -u -d ${folder}/dump; source ${scripts.get("zsh")}; print LOAD''ED"
      zpty -r shell out "*LOADED*"
      zpty -w -n shell $'amplitude-kinesis operator-policy --for ver\\t'
      zpty -r -m shell out "*--for verify*" && print FOUND
      zpty -d shell`;
    expect(await ask("zsh", program)).to.include("FOUND");
  });

  it("contains every option of every command, in every shell", () => {
    const program = new Command("tool");
    program.addCommand(
      new Command("go")
        .option("-x, --execute", "it's [odd]: `$(x)`")
        .addOption(new Option("--in <file>", "a \\ file")),
    );
    for (const shell of SHELLS) {
      const script = completionScript(shell, "tool", commandTree(program));
      for (const name of ["execute", "in", "x"])
        expect(script, shell).to.match(new RegExp(`-${name}\\b| ${name}\\b`));
    }
  });

  it("doesn't interpret descriptions as code", async () => {
    const program = new Command("tool").addCommand(
      new Command("go").description("it's $(touch x)").option("--on", "`id` 'q' [b]:c"),
    );
    for (const shell of SHELLS) {
      if (!(await isThere(shell))) continue;
      const file = join(folder, `odd-${shell}`);
      await writeFile(file, completionScript(shell, "tool", commandTree(program)));
      const check = shell === "fish" ? ["--no-execute", file] : ["-n", file];
      const { stderr } = await promisify(execFile)(shell, check);
      expect(stderr, shell).to.equal("");
    }
  });

  it("rejects an unknown shell, and lists the known ones", async () => {
    const { status, stderr } = await runInProcess(["completion", "tcsh"]);
    expect(stderr).to.include("bash, zsh, fish");
    expect(status).to.equal(2);
  });
});
