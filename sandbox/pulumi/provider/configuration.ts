import { type CheckFailure, isEmpty, isKnown, isObject, type Properties, parsedJson } from "./properties";

/** Services with a configurable endpoint. */
export const SERVICES = ["kinesis", "iam", "sts", "cloudwatch", "logs", "pipes"] as const;
export type Service = (typeof SERVICES)[number];

/** The part of the real provider's configuration that is honored here. */
export interface ProviderConfiguration {
  region: string;
  accessKey?: string | undefined;
  secretKey?: string | undefined;
  token?: string | undefined;
  endpoints: Partial<Record<Service, string>>;
}

/** Flags of the real provider that turn off calls which this one never makes. */
const SKIP_FLAGS = [
  "skipCredentialsValidation",
  "skipMetadataApiCheck",
  "skipRegionValidation",
  "skipRequestingAccountId",
];
const TEXT_KEYS = ["region", "accessKey", "secretKey", "token"];
const KNOWN_KEYS = new Set([...TEXT_KEYS, ...SKIP_FLAGS, "endpoints"]);
/** The engine's settings: the plugin to run and its name. */
const ENGINE_KEYS = new Set(["version", "pluginDownloadURL", "__internal"]);

/** Every setting that is not honored here fails by its name. */
export function configurationFailures(settings: Properties, environment: NodeJS.ProcessEnv): CheckFailure[] {
  const failures = Object.keys(settings)
    .filter((key) => !KNOWN_KEYS.has(key) && !ENGINE_KEYS.has(key) && !isEmpty(settings[key]))
    .map((key) => ({
      property: key,
      reason: `the sandbox's provider does not support the setting aws:${key}`,
    }));
  if (isEmpty(settings.region) && regionOf(environment) === undefined) {
    failures.push({
      property: "region",
      reason: "missing: set aws:region, or AWS_REGION in the environment",
    });
  }
  if (isEmpty(settings.accessKey) !== isEmpty(settings.secretKey)) {
    failures.push({ property: "accessKey", reason: "aws:accessKey and aws:secretKey are needed together" });
  }
  if (isKnown(settings.endpoints) && endpointList(settings.endpoints) === undefined) {
    failures.push({
      property: "endpoints",
      reason: "must be a list of objects that name services and their URLs",
    });
  }
  return failures;
}

/** @throws Error that names the first thing wrong with the settings. */
export function configurationOf(settings: Properties, environment: NodeJS.ProcessEnv): ProviderConfiguration {
  const [failure] = configurationFailures(settings, environment);
  if (failure !== undefined) throw new Error(`aws:${failure.property}: ${failure.reason}`);
  const setting = (key: string) => (isEmpty(settings[key]) ? undefined : String(settings[key]));
  const endpoints = Object.assign({}, ...(endpointList(settings.endpoints) ?? []));
  return {
    region: setting("region") ?? regionOf(environment) ?? "",
    accessKey: setting("accessKey"),
    secretKey: setting("secretKey"),
    token: setting("token"),
    endpoints: Object.fromEntries(
      SERVICES.flatMap((service) => (service in endpoints ? [[service, endpoints[service]]] : [])),
    ),
  };
}

function regionOf(environment: NodeJS.ProcessEnv): string | undefined {
  return environment.AWS_REGION || environment.AWS_DEFAULT_REGION || undefined;
}

/** The engine encodes values other than strings as JSON. */
function endpointList(value: unknown): Record<string, string>[] | undefined {
  if (isEmpty(value)) return [];
  const list = typeof value === "string" ? parsedJson(value) : value;
  const isList = Array.isArray(list) && list.every(isObject);
  return isList ? (list as Record<string, string>[]) : undefined;
}
