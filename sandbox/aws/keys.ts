import { randomUUID } from "node:crypto";
import type { JsonService, Operation } from "./jsonService";
import type { PolicyDocument } from "./principals";
import { AwsError, type Json, type JsonCall } from "./protocol";

interface Key {
  arn: string;
  id: string;
  isEnabled: boolean;
  createdAt: Date;
}

/**
 * Stores the customer managed keys that streams name, with their aliases. It encrypts nothing. A key has KMS's default policy,
 * which leaves access to the account's IAM policies.
 *
 * Source: AWS, KMS API Reference.
 */
export class KeyService implements JsonService {
  readonly name = "KMS";
  readonly target = "TrentService";
  readonly prefix = "kms";
  readonly version = "1.1";
  /** By ARN. */
  readonly #keys = new Map<string, Key>();
  /** ARNs of keys by those of their aliases. */
  readonly #aliases = new Map<string, string>();

  readonly operations: Record<string, Operation> = {
    CreateKey: {
      parameters: [],
      resources: () => ["*"],
      run: (call) => {
        const id = randomUUID();
        const key = { id, arn: arnOf(call, `key/${id}`), isEnabled: true, createdAt: call.now };
        this.#keys.set(key.arn, key);
        return { KeyMetadata: described(key) };
      },
    },
    CreateAlias: {
      parameters: ["AliasName", "TargetKeyId"],
      resources: (call, { AliasName, TargetKeyId }) => [
        aliasArn(call, AliasName),
        this.#find(call, TargetKeyId).arn,
      ],
      run: (call, { AliasName, TargetKeyId }) => {
        const arn = aliasArn(call, AliasName);
        if (this.#aliases.has(arn))
          throw new AwsError("AlreadyExistsException", `An alias with the name ${arn} already exists`);
        this.#aliases.set(arn, this.#find(call, TargetKeyId).arn);
      },
    },
    DescribeKey: {
      parameters: ["KeyId"],
      run: (call, { KeyId }) => ({ KeyMetadata: described(this.#find(call, KeyId)) }),
    },
    EnableKey: this.#switch(true),
    DisableKey: this.#switch(false),
  };

  resources(call: JsonCall, { KeyId }: Json): string[] {
    return [this.#find(call, KeyId).arn];
  }

  invalid(message: string): AwsError {
    return new AwsError("ValidationException", message);
  }

  /** KMS's default policy of a key. Source: AWS, KMS Developer Guide, "Default key policy". */
  policyOf(resource: string): PolicyDocument | undefined {
    if (!resource.includes(":key/")) return undefined;
    const AWS = `arn:aws:iam::${resource.split(":")[4]}:root`;
    return {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "kms:*", Resource: "*" }],
    };
  }

  /** EnableKey and DisableKey take an id or an ARN, and no alias. */
  #switch(isEnabled: boolean): Operation {
    return {
      parameters: ["KeyId"],
      resources: (call, { KeyId }) => {
        if (String(KeyId).includes("alias/")) throw this.invalid(`Invalid keyId '${KeyId}'`);
        return [this.#find(call, KeyId).arn];
      },
      run: (call, { KeyId }) => {
        this.#find(call, KeyId).isEnabled = isEnabled;
      },
    };
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
