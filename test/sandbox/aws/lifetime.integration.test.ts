import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { ListStreamsCommand } from "@aws-sdk/client-kinesis";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { startAws } from "../../../sandbox/aws";
import { startKinesisEngine } from "../../../sandbox/aws/kinesis/engine";
import { TYPESCRIPT } from "../../processes";
import { until } from "../../until";
import { clientsOf, failureOf, startInFolder } from "./localAws";

describe("the sandbox's processes", () => {
  it("end when it is stopped, also repeatedly, and leave nothing in its folder", async () => {
    const aws = await startInFolder();
    const { sts } = clientsOf(aws, aws.principals.operator);
    await sts.send(new GetCallerIdentityCommand());
    await Promise.all([aws.stop(), aws.stop()]);
    await aws.stop();
    expect(isRunning(aws.enginePid)).to.equal(false);
    expect(await readdir(aws.folder)).to.deep.equal([]);
    await aws.remove();
  });

  it("end when the process that started them is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sandbox-aws-"));
    const owner = startInProcess(folder);
    try {
      const [line] = await once(owner.stdout ?? owner, "data");
      const enginePid = Number(line);
      expect(isRunning(enginePid)).to.equal(true);
      owner.kill("SIGKILL");
      await until(() => !isRunning(enginePid));
      expect(await readdir(folder)).to.deep.equal([]);
    } finally {
      owner.kill("SIGKILL");
      await rm(folder, { recursive: true });
    }
  });

  it("continue if the signals of a terminal also reach the Kinesis engine", async () => {
    const aws = await startInFolder();
    try {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.kill(aws.enginePid, signal);
      const { kinesis } = clientsOf(aws, aws.principals.operator);
      for (let times = 0; times < 20; times++) await kinesis.send(new ListStreamsCommand({}));
      expect(isRunning(aws.enginePid)).to.equal(true);
    } finally {
      await aws.remove();
    }
  });

  it("can be reached only by this machine", async () => {
    const aws = await startInFolder();
    try {
      const { hostname, port } = new URL(aws.endpoint);
      expect(hostname).to.equal("127.0.0.1");
      expect(await listens("127.0.0.1", Number(port))).to.equal(true);
      expect(await listens("127.0.0.2", Number(port))).to.equal(false);
      const engine = await startKinesisEngine(aws.folder);
      expect(await listens("127.0.0.1", engine.port)).to.equal(true);
      expect(await listens("127.0.0.2", engine.port)).to.equal(false);
      await engine.stop();
    } finally {
      await aws.remove();
    }
  });

  it("continue without Kinesis if its engine has died, and report it", async () => {
    const aws = await startInFolder();
    const complaints: string[] = [];
    const { write } = process.stderr;
    process.stderr.write = (text: string | Uint8Array) => complaints.push(text.toString()) > 0;
    try {
      process.kill(aws.enginePid, "SIGKILL");
      await until(() => !isRunning(aws.enginePid));
      const { kinesis, iam } = clientsOf(aws, aws.principals.operator);
      const failure = await failureOf(kinesis.send(new ListStreamsCommand({})));
      expect(failure).to.include({ name: "InternalFailure", status: 500 });
      const role = await failureOf(iam.send(new GetRoleCommand({ RoleName: "none" })));
      expect(role).to.include({ name: "NoSuchEntityException" });
    } finally {
      process.stderr.write = write;
      await aws.remove();
    }
    expect(complaints.join("")).to.include("sandbox: internal failure: Error: connect ECONNREFUSED");
  });

  it("say why when they cannot start", async () => {
    const folder = join(tmpdir(), "sandbox-aws-that-was-never-made");
    const failure = await failureOf(startAws({ folder }));
    expect(failure.message).to.include("The Kinesis engine (kinesis-local) did not start");
  });
});

/** A separate process that starts the sandbox, prints the engine's process id, and keeps running. */
function startInProcess(folder: string): ChildProcess {
  const module = JSON.stringify(resolve(__dirname, "../../../sandbox/aws/index.ts"));
  const program = `
    const { startAws } = require(${module});
    startAws({ folder: ${JSON.stringify(folder)} }).then((aws) => console.log(aws.enginePid));
  `;
  return spawn(process.execPath, ["--require", TYPESCRIPT, "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Signal 0 reaches a process without touching it. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
