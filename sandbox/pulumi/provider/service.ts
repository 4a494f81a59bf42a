import type { handleUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { version } from "@pulumi/aws/package.json";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type Autonaming, check } from "./check";
import { type Aws, connect } from "./clients";
import { configurationFailures, configurationOf } from "./configuration";
import type { Difference, PropertyDifference } from "./diff";
import { diff } from "./diff";
import { create, plannedCreate, plannedUpdate, read, update } from "./lifecycle";
import type { CheckFailure } from "./properties";
import { callFunction, supportedTypes, typeOf } from "./types";
import { propertiesOf, RequestError, serviceError, structOf } from "./wire";

export interface ProviderServer {
  port: number;
  stop(): void;
}

/**
 * Serves the provider on a free port of 127.0.0.1. It holds one configuration: the last that an engine gave it.
 *
 * @param isShared Whether several engines use it at once. An engine that ends then cancels nothing, because its request
 * doesn't say whose operations it means.
 */
export async function startProviderServer({ isShared = false } = {}): Promise<ProviderServer> {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceProviderService, new ProviderService(isShared).implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { port, stop: () => server.forceShutdown() };
}

/** The version that the engine expects of the installed SDK's plugin. */
const VERSION = `${version}+sandbox`;

/** The provider's gRPC service: each method decodes its request, calls the logic, and encodes the response. */
class ProviderService {
  #aws: Aws | undefined;

  constructor(private readonly isShared: boolean) {}

  /** gRPC responds UNIMPLEMENTED to any other method, and the engine then continues without it. */
  readonly implementation: UntypedServiceImplementation = {
    getSchema: unary(() => {
      const resources = Object.fromEntries(supportedTypes().map((token) => [token, {}]));
      const schema = { name: "aws", version: VERSION, resources, functions: {} };
      return new proto.GetSchemaResponse().setSchema(JSON.stringify(schema));
    }),

    getPluginInfo: unary(() => new PluginInfo().setVersion(VERSION)),

    checkConfig: unary((request: proto.CheckRequest) => {
      const failures = configurationFailures(propertiesOf(request.getNews()), process.env);
      return new proto.CheckResponse().setInputs(request.getNews()).setFailuresList(failureList(failures));
    }),

    /** No difference replaces the provider: each resource's id holds its region, and keys and endpoints lead to the same resources. */
    diffConfig: unary((request: proto.DiffRequest) => {
      const [olds, news] = [propertiesOf(request.getOlds()), propertiesOf(request.getNews())];
      const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
      const changed = keys.filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
      return new proto.DiffResponse().setChanges(changesOf(changed)).setDiffsList(changed);
    }),

    configure: unary((request: proto.ConfigureRequest) => {
      const settings = propertiesOf(request.getArgs());
      try {
        this.#aws = connect(configurationOf(settings, process.env));
      } catch (error) {
        throw new RequestError(status.INVALID_ARGUMENT, (error as Error).message);
      }
      return new proto.ConfigureResponse()
        .setAcceptsecrets(false)
        .setAcceptresources(false)
        .setAcceptoutputs(false)
        .setSupportspreview(true)
        .setSupportsAutonamingConfiguration(true);
    }),

    check: unary((request: proto.CheckRequest) => {
      const { inputs, failures } = check(supportedType(request.getUrn()), {
        logicalName: nameIn(request.getUrn()),
        news: propertiesOf(request.getNews()),
        olds: propertiesOf(request.getOlds()),
        seed: request.getRandomseed_asU8(),
        autonaming: autonamingOf(request),
      });
      return new proto.CheckResponse().setInputs(structOf(inputs)).setFailuresList(failureList(failures));
    }),

    diff: unary((request: proto.DiffRequest) => {
      const type = supportedType(request.getUrn());
      const ignored = request.getIgnorechangesList();
      const difference = diff(type, propertiesOf(request.getOlds()), propertiesOf(request.getNews()));
      const properties = difference.properties.filter(
        ({ path, property }) => !ignored.includes(path) && !ignored.includes(property),
      );
      return differenceResponse({ ...difference, properties });
    }),

    create: unary(async (request: proto.CreateRequest) => {
      const type = supportedType(request.getUrn());
      const inputs = propertiesOf(request.getProperties());
      if (request.getPreview()) {
        return new proto.CreateResponse().setProperties(structOf(plannedCreate(this.aws, type, inputs)));
      }
      const { id, state } = await create(this.aws, type, inputs);
      return new proto.CreateResponse().setId(id).setProperties(structOf(state));
    }),

    /** A response without an id means that the resource no longer exists. */
    read: unary(async (request: proto.ReadRequest) => {
      const type = supportedType(request.getUrn());
      const [inputs, state] = [propertiesOf(request.getInputs()), propertiesOf(request.getProperties())];
      const reading = await read(this.aws, type, request.getId(), inputs, state);
      if (reading === undefined) return new proto.ReadResponse();
      return new proto.ReadResponse()
        .setId(reading.id)
        .setInputs(structOf(reading.inputs))
        .setProperties(structOf(reading.state));
    }),

    update: unary(async (request: proto.UpdateRequest) => {
      const type = supportedType(request.getUrn());
      const inputs = propertiesOf(request.getNews());
      const { state } = request.getPreview()
        ? { state: plannedUpdate(type, propertiesOf(request.getOlds()), inputs) }
        : await update(this.aws, type, request.getId(), inputs);
      return new proto.UpdateResponse().setProperties(structOf(state));
    }),

    delete: unary(async (request: proto.DeleteRequest) => {
      const type = supportedType(request.getUrn());
      await type.delete(this.aws, request.getId(), propertiesOf(request.getProperties()));
      return new Empty();
    }),

    invoke: unary(async (request: proto.InvokeRequest) => {
      const result = await callFunction(() => this.aws, request.getTok(), propertiesOf(request.getArgs()));
      return new proto.InvokeResponse().setReturn(structOf(result));
    }),

    cancel: unary(() => {
      if (!this.isShared) this.#aws?.cancel();
      return new Empty();
    }),

    attach: unary(() => new Empty()),
  };

  private get aws(): Aws {
    if (this.#aws !== undefined) return this.#aws;
    throw new RequestError(status.FAILED_PRECONDITION, "the provider has not been configured");
  }
}

function unary<Request, Response>(
  work: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await work(call.request));
    } catch (error) {
      callback(serviceError(error));
    }
  };
}

/** A URN is urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME. */
function supportedType(urn: string) {
  const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
  try {
    return typeOf(token);
  } catch (error) {
    throw new RequestError(status.UNIMPLEMENTED, (error as Error).message);
  }
}

function nameIn(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function failureList(failures: CheckFailure[]): proto.CheckFailure[] {
  return failures.map(({ property, reason }) => {
    return new proto.CheckFailure().setProperty(property).setReason(reason);
  });
}

const MODES: Record<proto.CheckRequest.AutonamingOptions.Mode, Autonaming["mode"]> = {
  [proto.CheckRequest.AutonamingOptions.Mode.PROPOSE]: "propose",
  [proto.CheckRequest.AutonamingOptions.Mode.ENFORCE]: "enforce",
  [proto.CheckRequest.AutonamingOptions.Mode.DISABLE]: "disable",
};

function autonamingOf(request: proto.CheckRequest): Autonaming | undefined {
  const options = request.getAutonaming();
  if (options === undefined) return undefined;
  return { proposedName: options.getProposedName(), mode: MODES[options.getMode()] };
}

function changesOf(differences: unknown[]): proto.DiffResponse.DiffChanges {
  const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
  return differences.length > 0 ? DIFF_SOME : DIFF_NONE;
}

const { Kind } = proto.PropertyDiff;
const KINDS = {
  add: [Kind.ADD, Kind.ADD_REPLACE],
  delete: [Kind.DELETE, Kind.DELETE_REPLACE],
  update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
} as const;

function differenceResponse({ properties, deleteBeforeReplace }: Difference): proto.DiffResponse {
  const replacing = properties.filter(({ replaces }) => replaces);
  const response = new proto.DiffResponse()
    .setChanges(changesOf(properties))
    .setDiffsList(names(properties))
    .setReplacesList(names(replacing))
    .setDeletebeforereplace(deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const { path, kind, replaces } of properties) {
    const detail = new proto.PropertyDiff().setKind(KINDS[kind][replaces ? 1 : 0]);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

function names(differences: PropertyDifference[]): string[] {
  return [...new Set(differences.map(({ property }) => property))];
}
