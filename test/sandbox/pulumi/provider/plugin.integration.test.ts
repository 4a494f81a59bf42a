import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { expect } from "chai";
import type { Properties } from "../../../../sandbox/pulumi/provider/properties";
import { UNKNOWN } from "../../../../sandbox/pulumi/provider/properties";
import { propertiesOf, structOf } from "../../../../sandbox/pulumi/provider/wire";
import { writePluginFolder } from "../../../../sandbox/pulumi/provisioning/places";

const URN = "urn:pulumi:stack::project::some:Parent$aws:kinesis/stream:Stream::events";
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "hidden" };

describe("the provider's plugin", () => {
  let folder: string;
  let plugin: ChildProcess;
  let client: ResourceProviderClient;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "plugin test "));
    await writePluginFolder(folder);
    const started = await start();
    plugin = started.plugin;
    client = new ResourceProviderClient(`127.0.0.1:${started.port}`, credentials.createInsecure());
  });
  after(async () => {
    client?.close();
    plugin?.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<{ plugin: ChildProcess; port: string }> {
    const child = spawn(join(folder, "pulumi-resource-aws"), ["127.0.0.1:1"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [port] = (await once(child.stdout, "data")) as [Buffer];
    return { plugin: child, port: String(port).trim() };
  }

  function asked<Request, Response>(
    method: (request: Request, callback: (error: ServiceError | null, response: Response) => void) => unknown,
    request: Request,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      method.call(client, request, (error, response) => (error === null ? resolve(response) : reject(error)));
    });
  }

  const configured = (settings: Properties) =>
    asked<proto.ConfigureRequest, proto.ConfigureResponse>(
      client.configure,
      new proto.ConfigureRequest().setArgs(structOf(settings)),
    );

  it("rejects an unsupported setting and an unsupported function, by name", async () => {
    const error = await configured({ region: "us-east-1", profile: "mine" }).catch(
      (reason: ServiceError) => reason,
    );
    expect(error).to.include({ code: status.INVALID_ARGUMENT });
    expect((error as ServiceError).details).to.include("aws:profile");
    const invoked = asked<proto.InvokeRequest, proto.InvokeResponse>(
      client.invoke,
      new proto.InvokeRequest().setTok("aws:s3/getBucket:getBucket"),
    );
    expect((await invoked.catch((reason: ServiceError) => reason)) as ServiceError)
      .to.have.property("details")
      .that.includes("aws:s3/getBucket:getBucket");
  });

  it("checks and previews a stream whose values are secret or unknown", async () => {
    const settings = { region: "eu-west-1", accessKey: "AKIA", secretKey: SECRET };
    expect((await configured(settings)).toObject()).to.include({
      supportspreview: true,
      supportsAutonamingConfiguration: true,
      acceptsecrets: false,
    });
    const news = { name: SECRET, retentionPeriod: UNKNOWN };
    const checked = await asked<proto.CheckRequest, proto.CheckResponse>(
      client.check,
      new proto.CheckRequest().setUrn(URN).setNews(structOf(news)).setRandomseed(Buffer.from("seed")),
    );
    expect(checked.getFailuresList()).to.deep.equal([]);
    expect(propertiesOf(checked.getInputs())).to.include({ name: "hidden", retentionPeriod: UNKNOWN });
    const created = await asked<proto.CreateRequest, proto.CreateResponse>(
      client.create,
      new proto.CreateRequest().setUrn(URN).setProperties(checked.getInputs()).setPreview(true),
    );
    expect(propertiesOf(created.getProperties())).to.include({
      name: "hidden",
      region: "eu-west-1",
      arn: UNKNOWN,
    });
  });

  it("reports a replacement property by property, and respects ignoreChanges", async () => {
    const request = new proto.DiffRequest()
      .setUrn(URN)
      .setOlds(structOf({ name: "a", retentionPeriod: 24 }))
      .setNews(structOf({ name: "b", retentionPeriod: 48 }))
      .setIgnorechangesList(["retentionPeriod"]);
    const answer = await asked<proto.DiffRequest, proto.DiffResponse>(client.diff, request);
    expect(answer.toObject()).to.deep.include({ replacesList: ["name"], diffsList: ["name"] });
    expect(answer.getDetaileddiffMap().get("name")?.getKind()).to.equal(
      proto.PropertyDiff.Kind.UPDATE_REPLACE,
    );
  });

  it("ends when the engine's end of its standard input closes", async () => {
    const { plugin: other } = await start();
    const ended = once(other, "exit");
    other.stdin?.end();
    expect(await ended).to.deep.equal([0, null]);
  });
});
