import { randomUUID } from "node:crypto";
import { authorize } from "./enforcement";
import type { PolicyDocument } from "./principals";
import type { HttpResponse, JsonCall } from "./protocol";
import { AwsError, parseBody, Refusal } from "./protocol";

type Json = Record<string, unknown>;

interface Key {
  arn: string;
  id: string;
  isEnabled: boolean;
  createdAt: Date;
}

interface Operation {
  /** Parameters that the sandbox knows. It rejects a request with others. */
  parameters: readonly string[];
  /** ARNs that all must allow the action. */
  resources(call: JsonCall, request: Json): string[];
  /** Returns the response's body, if it has one. */
  run(call: JsonCall, request: Json): Json | undefined;
}

/**
 * Stores the customer managed keys that streams name, with their aliases. It encrypts nothing. A key has KMS's default policy,
 * which leaves access to the account's IAM policies.
 *
 * Source: AWS, KMS API Reference.
 */
export class KeyServer {
  /** By ARN. */
  readonly #keys = new Map<string, Key>();
  /** ARNs of keys by those of their aliases. */
  readonly #aliases = new Map<string, string>();

  readonly #operations = new Map<string, Operation>(
    Object.entries({
      CreateKey: {
        parameters: [],
        resources: () => ["*"],
        run: (call) => this.#create(call),
      },
      CreateAlias: {
        parameters: ["AliasName", "TargetKeyId"],
        resources: (call, request) => [aliasArn(call, request.AliasName), this.#target(call, request).arn],
        run: (call, request) => this.#alias(call, request),
      },
      DescribeKey: {
        parameters: ["KeyId"],
        resources: (call, { KeyId }) => [this.#find(call, KeyId).arn],
        run: (call, { KeyId }) => ({ KeyMetadata: described(this.#find(call, KeyId)) }),
      },
      EnableKey: this.#switch(true),
      DisableKey: this.#switch(false),
    } satisfies Record<string, Operation>),
  );

  async handle(call: JsonCall): Promise<HttpResponse> {
    const [, name = ""] = /^TrentService\.(\w+)$/.exec(call.target) ?? [];
    const operation = this.#operations.get(name);
    if (operation === undefined)
      throw new Refusal("UnknownOperation", `The sandbox's KMS does not have ${call.target}.`);
    const request = parseBody(call);
    const [unknown] = Object.keys(request).filter((each) => !operation.parameters.includes(each));
    if (unknown !== undefined) throw invalid(`The sandbox's KMS does not know ${unknown} of ${name}.`);
    for (const resource of operation.resources(call, request))
      await authorize({ ...call, action: `kms:${name}`, resource, resourcePolicy: policyOf(resource) });
    const body = operation.run(call, request) ?? {};
    return {
      status: 200,
      headers: { "content-type": "application/x-amz-json-1.1" },
      body: JSON.stringify(body),
    };
  }

  #create(call: JsonCall): Json {
    const id = randomUUID();
    const key = { id, arn: arnOf(call, `key/${id}`), isEnabled: true, createdAt: call.now };
    this.#keys.set(key.arn, key);
    return { KeyMetadata: described(key) };
  }

  #alias(call: JsonCall, request: Json): undefined {
    const arn = aliasArn(call, request.AliasName);
    if (this.#aliases.has(arn))
      throw new AwsError("AlreadyExistsException", `An alias with the name ${arn} already exists`);
    this.#aliases.set(arn, this.#target(call, request).arn);
  }

  /** EnableKey and DisableKey take an id or an ARN, and no alias. */
  #switch(isEnabled: boolean): Operation {
    const keyOf = (call: JsonCall, { KeyId }: Json) => {
      if (String(KeyId).includes("alias/")) throw invalid(`Invalid keyId '${KeyId}'`);
      return this.#find(call, KeyId);
    };
    return {
      parameters: ["KeyId"],
      resources: (call, request) => [keyOf(call, request).arn],
      run: (call, request) => {
        keyOf(call, request).isEnabled = isEnabled;
        return undefined;
      },
    };
  }

  #target(call: JsonCall, { TargetKeyId }: Json): Key {
    return this.#find(call, TargetKeyId);
  }

  /** Finds a key by its id, its ARN, or the name or ARN of an alias. */
  #find(call: JsonCall, keyId: unknown): Key {
    const text = String(keyId);
    const isArn = text.startsWith("arn:");
    const arn = isArn ? text : arnOf(call, text.startsWith("alias/") ? text : `key/${text}`);
    const key = this.#keys.get(this.#aliases.get(arn) ?? arn);
    if (key === undefined) throw new AwsError("NotFoundException", `Key '${arn}' does not exist`);
    return key;
  }
}

/** KMS's default policy of a key. Source: AWS, KMS Developer Guide, "Default key policy". */
function policyOf(resource: string): PolicyDocument | undefined {
  if (!resource.includes(":key/")) return undefined;
  const AWS = `arn:aws:iam::${resource.split(":")[4]}:root`;
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "kms:*", Resource: "*" }],
  };
}

function described({ arn, id, isEnabled, createdAt }: Key): Json {
  return {
    Arn: arn,
    KeyId: id,
    AWSAccountId: arn.split(":")[4],
    CreationDate: createdAt.getTime() / 1000,
    Enabled: isEnabled,
    KeyState: isEnabled ? "Enabled" : "Disabled",
    KeyManager: "CUSTOMER",
    KeyUsage: "ENCRYPT_DECRYPT",
    KeySpec: "SYMMETRIC_DEFAULT",
  };
}

function arnOf({ region, principal }: JsonCall, resource: string): string {
  return `arn:aws:kms:${region}:${principal.accountId}:${resource}`;
}

/** Names that begin with `alias/aws/` are AWS's. */
function aliasArn(call: JsonCall, name: unknown): string {
  if (typeof name === "string" && /^alias\/(?!aws\/)[\w/-]{1,250}$/.test(name)) return arnOf(call, name);
  throw new AwsError("InvalidAliasNameException", `Invalid alias name ${name}`);
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}
