import { authorize } from "../enforcement";
import type { IdentityServer } from "../identity/server";
import { changedTags, tagsIn } from "../jsonService";
import type { RoleSession } from "../principals";
import type { HttpResponse, JsonCall } from "../protocol";
import { AwsError, type Json, parseBody, Refusal } from "../protocol";
import { invalid, type Pipe, pipeOf } from "./pipe";
import { Poller, type Shard } from "./poller";

/** A REST request with a verified signature. */
export interface RestCall extends Omit<JsonCall, "target"> {
  method: string;
  path: string;
  query: Record<string, string | string[]>;
}

interface KeptPipe {
  name: string;
  arn: string;
  pipe: Pipe;
  tags: Map<string, string>;
  createdAt: Date;
  changedAt: Date;
  state: string;
  reason?: string | undefined;
  poller?: Poller | undefined;
  shards: Map<string, Shard>;
}

interface Surroundings {
  identity: IdentityServer;
  clock: () => Date;
  /** Serves a request of a principal, as if it had come from outside. */
  call: (service: "kinesis" | "logs", call: Omit<JsonCall, "grants" | "now">) => Promise<HttpResponse>;
}

interface Operation {
  action: string;
  run(call: RestCall, name: string): Json | Promise<Json>;
}

const NAME = /^[.\-_A-Za-z0-9]{1,64}$/;

/**
 * EventBridge Pipes from a stream to a log group. A pipe runs: it polls the stream with its role, whose trust and
 * permissions are enforced.
 *
 * Source: AWS, EventBridge Pipes API Reference.
 */
export class PipesServer {
  /** By ARN. */
  readonly #pipes = new Map<string, KeptPipe>();

  readonly #operations: Record<string, Operation> = {
    "POST pipe": { action: "CreatePipe", run: (call, name) => this.#create(call, name) },
    "PUT pipe": { action: "UpdatePipe", run: (call, name) => this.#update(call, name) },
    "GET pipe": { action: "DescribePipe", run: (call, name) => described(this.#find(call, name)) },
    "DELETE pipe": { action: "DeletePipe", run: (call, name) => this.#delete(call, name) },
    "POST start": { action: "StartPipe", run: (call, name) => this.#switch(call, name, "RUNNING") },
    "POST stop": { action: "StopPipe", run: (call, name) => this.#switch(call, name, "STOPPED") },
    "GET tags": { action: "ListTagsForResource", run: (call, name) => this.#listTags(call, name) },
    "POST tags": { action: "TagResource", run: (call, name) => this.#tag(call, name) },
    "DELETE tags": { action: "UntagResource", run: (call, name) => this.#tag(call, name) },
  };

  constructor(private readonly surroundings: Surroundings) {}

  async handle(call: RestCall): Promise<HttpResponse> {
    const [kind, name] = placeOf(call);
    const operation = this.#operations[`${call.method} ${kind}`];
    if (operation === undefined) {
      throw new Refusal("UnknownOperation", `The sandbox's Pipes do not have ${call.method} ${call.path}.`);
    }
    if (!NAME.test(name)) throw invalid(`Name: ${name} must be 1 to 64 letters, digits or any of .-_`);
    await authorize({ ...call, action: `pipes:${operation.action}`, resource: arnOf(call, name) });
    const body = await operation.run(call, name);
    return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  }

  stop(): void {
    for (const kept of this.#pipes.values()) kept.poller?.stop();
  }

  async #create(call: RestCall, name: string): Promise<Json> {
    const { Tags, ...request } = parseBody(call);
    const arn = arnOf(call, name);
    const pipe = pipeOf(request);
    const tags = tagsIn(Tags, invalid);
    if (tags.size > 0) await authorize({ ...call, action: "pipes:TagResource", resource: arn });
    await this.#authorizeRole(call, pipe.RoleArn);
    if (this.#pipes.has(arn)) throw new AwsError("ConflictException", `Pipe ${name} already exists.`, 409);
    const [createdAt, changedAt] = [call.now, call.now];
    const kept: KeptPipe = { name, arn, pipe, tags, createdAt, changedAt, state: "", shards: new Map() };
    this.#pipes.set(arn, kept);
    this.#start(kept, "CREATING", "CREATE_FAILED");
    return summary(kept);
  }

  /** The source and the starting position stay. Members that are left out keep no value, except the source's. */
  async #update(call: RestCall, name: string): Promise<Json> {
    const kept = this.#find(call, name);
    const request = parseBody(call);
    const { KinesisStreamParameters = {}, ...source } = (request.SourceParameters ?? {}) as Json;
    const { StartingPosition } = kept.pipe.SourceParameters.KinesisStreamParameters;
    if ((KinesisStreamParameters as Json).StartingPosition !== undefined)
      throw invalid("SourceParameters.KinesisStreamParameters.StartingPosition: can't be changed");
    const pipe = pipeOf({
      Target: kept.pipe.Target,
      ...request,
      Source: kept.pipe.Source,
      SourceParameters: {
        ...source,
        KinesisStreamParameters: { ...(KinesisStreamParameters as Json), StartingPosition },
      },
    });
    await this.#authorizeRole(call, pipe.RoleArn);
    kept.pipe = pipe;
    kept.changedAt = call.now;
    this.#start(kept, "UPDATING", "UPDATE_FAILED");
    return summary(kept);
  }

  /** Whoever gives a role to a service needs `iam:PassRole` on it. */
  #authorizeRole(call: RestCall, roleArn: string): Promise<void> {
    const context = { "iam:PassedToService": "pipes.amazonaws.com" };
    return authorize({ ...call, action: "iam:PassRole", resource: roleArn, context });
  }

  #delete(call: RestCall, name: string): Json {
    const kept = this.#find(call, name);
    kept.poller?.stop();
    this.#pipes.delete(kept.arn);
    return { ...summary(kept), CurrentState: "DELETING" };
  }

  #switch(call: RestCall, name: string, DesiredState: Pipe["DesiredState"]): Json {
    const kept = this.#find(call, name);
    kept.pipe = { ...kept.pipe, DesiredState };
    if (DesiredState === "RUNNING") this.#start(kept, "STARTING", "START_FAILED");
    else this.#start(kept, "STOPPING", "STOP_FAILED");
    return summary(kept);
  }

  /** Replaces what runs by what the pipe says. */
  #start(kept: KeptPipe, state: string, failed: string): void {
    kept.poller?.stop();
    kept.poller = undefined;
    kept.state = state;
    kept.reason = undefined;
    const { pipe, arn } = kept;
    if (pipe.DesiredState === "STOPPED") {
      kept.state = "STOPPED";
      return;
    }
    void this.#poller(kept).then(
      (poller) => {
        if (this.#pipes.get(arn) !== kept || kept.pipe !== pipe) return;
        kept.poller = poller;
        kept.state = "RUNNING";
        void poller.run();
      },
      (error) => {
        if (kept.pipe !== pipe) return;
        kept.state = failed;
        kept.reason = error instanceof Error ? error.message : String(error);
      },
    );
  }

  async #poller({ pipe, arn, name, shards }: KeptPipe): Promise<Poller> {
    const { identity, clock, call } = this.surroundings;
    const [, , , region = "", accountId = ""] = arn.split(":");
    const session: RoleSession = await identity.assumeAsService("pipes.amazonaws.com", pipe.RoleArn, {
      region,
      now: clock(),
      sessionName: name,
      context: { "aws:SourceArn": arn, "aws:SourceAccount": accountId },
    });
    const poller = new Poller(pipe, name, shards, (service, target, request) =>
      call(service, { principal: session, region, target, body: Buffer.from(JSON.stringify(request)) }),
    );
    await poller.test();
    return poller;
  }

  #listTags(call: RestCall, name: string): Json {
    return { tags: Object.fromEntries(this.#find(call, name).tags) };
  }

  #tag(call: RestCall, name: string): Json {
    const kept = this.#find(call, name);
    const added = call.method === "POST" ? parseBody(call).tags : undefined;
    const removed = [call.query.tagKeys ?? []].flat();
    kept.tags = changedTags(kept.tags, { added, removed }, invalid);
    return {};
  }

  #find(call: RestCall, name: string): KeptPipe {
    const kept = this.#pipes.get(arnOf(call, name));
    if (kept !== undefined) return kept;
    throw new AwsError("NotFoundException", `Pipe ${name} does not exist.`, 404);
  }
}

/** Returns the kind of path and the pipe's name. */
function placeOf({ path }: RestCall): [kind: string, name: string] {
  const [, name = "", action = "pipe"] = /^\/v1\/pipes\/([^/]+)(?:\/(start|stop))?$/.exec(path) ?? [];
  if (name !== "") return [action, decodeURIComponent(name)];
  const arn = decodeURIComponent(/^\/tags\/(.+)$/.exec(path)?.[1] ?? "");
  return ["tags", arn.slice(arn.indexOf(":pipe/") + ":pipe/".length)];
}

function summary({ name, arn, pipe, createdAt, changedAt, state }: KeptPipe): Json {
  return {
    Arn: arn,
    Name: name,
    DesiredState: pipe.DesiredState,
    CurrentState: state,
    CreationTime: createdAt.getTime() / 1000,
    LastModifiedTime: changedAt.getTime() / 1000,
  };
}

function described(kept: KeptPipe): Json {
  const { pipe, tags, reason } = kept;
  return { ...pipe, ...summary(kept), StateReason: reason, Tags: Object.fromEntries(tags) };
}

function arnOf({ region, principal }: RestCall, name: string): string {
  return `arn:aws:pipes:${region}:${principal.accountId}:pipe/${name}`;
}
