import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Properties } from "./properties";
import { isObject } from "./properties";

/** Source: Pulumi, sdk/go/common/resource/properties.go, `SigKey` and the signatures. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";

/** Secrets come out plain: the engine marks what was made of one itself, as this provider doesn't accept them. */
export function propertiesOf(struct: Struct | undefined): Properties {
  const plain = revealed(struct?.toJavaScript() ?? {});
  return isObject(plain) ? plain : {};
}

export function structOf(properties: Properties): Struct {
  return Struct.fromJavaScript(withoutUndefined(properties));
}

function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (!isObject(value)) return value;
  const signature = value[SIGNATURE];
  if (signature === SECRET || signature === OUTPUT) return revealed(value.value);
  if (signature === RESOURCE) return value.id;
  if (typeof signature === "string")
    throw new Error("assets and archives are not supported by the sandbox's provider");
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}

function withoutUndefined(properties: Properties): Record<string, JavaScriptValue> {
  return JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>;
}
