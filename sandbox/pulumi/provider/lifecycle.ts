import type { Aws } from "./clients";
import { isSame } from "./diff";
import type { Properties } from "./properties";
import { isEmpty, UNKNOWN } from "./properties";
import type { Found, ResourceType } from "./resourceType";

/** The resource exists but differs from the inputs. The engine records it, and the next update completes it. */
export class HalfMadeError extends Error {
  constructor(
    message: string,
    readonly id: string,
    readonly state: Properties,
    options: ErrorOptions,
  ) {
    super(message, options);
    this.name = "HalfMadeError";
  }
}

/** @throws HalfMadeError if a step failed after the resource was created. */
export async function create(aws: Aws, type: ResourceType, inputs: Properties): Promise<Found> {
  const id = await type.create(aws, inputs);
  return finished(aws, type, id, inputs, async () => type.finish?.(aws, id, inputs));
}

/** @throws HalfMadeError with the actual state if a step of the change failed. */
export async function update(aws: Aws, type: ResourceType, id: string, inputs: Properties): Promise<Found> {
  return finished(aws, type, id, inputs, async () => {
    const now = await type.read(aws, id, inputs);
    if (now === undefined) throw new Error(`${type.token} ${id} is gone: refresh the stack`);
    await type.update(aws, id, now.state, inputs);
  });
}

async function finished(
  aws: Aws,
  type: ResourceType,
  id: string,
  inputs: Properties,
  work: () => Promise<void>,
): Promise<Found> {
  try {
    await work();
    const found = await type.read(aws, id, inputs);
    if (found === undefined) throw new Error(`${type.token} ${id} is not there any more`);
    return { id: found.id, state: stateFor(type, found.state, inputs, inputs) };
  } catch (error) {
    const unreadable = () => ({ id, state: withoutDefaults(inputs) });
    const found = await type.read(aws, id, inputs).catch(unreadable);
    if (found === undefined) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new HalfMadeError(message, id, stateFor(type, found.state, inputs, inputs), { cause: error });
  }
}

export interface Reading extends Found {
  /** The inputs that describe this resource. */
  inputs: Properties;
}

/** For a refresh, with the inputs and the state of the last update; for an import, without them. */
export async function read(
  aws: Aws,
  type: ResourceType,
  id: string,
  priorInputs: Properties,
  priorState: Properties,
): Promise<Reading | undefined> {
  const found = await type.read(aws, id, priorState);
  if (found === undefined) return undefined;
  const isImport = Object.keys(priorInputs).length === 0;
  const state = stateFor(type, found.state, isImport ? defaultsOf(type) : priorInputs, priorState);
  return {
    id: found.id,
    state,
    inputs: isImport ? importedInputs(type, state) : refreshedInputs(type, state, priorInputs),
  };
}

/** Returns the service's state with the provider's properties and the program's wording of a document. */
function stateFor(type: ResourceType, fresh: Properties, inputs: Properties, prior: Properties): Properties {
  const state = { ...fresh };
  for (const [key, spec] of Object.entries(type.properties)) {
    if (spec.providerOnly === true && inputs[key] !== undefined) state[key] = inputs[key];
    if (spec.type === "policyDocument" && isSame(spec, prior[key], state[key])) state[key] = prior[key];
  }
  return state;
}

function defaultsOf(type: ResourceType): Properties {
  return Object.fromEntries(Object.entries(type.properties).map(([key, spec]) => [key, spec.default]));
}

function importedInputs(type: ResourceType, state: Properties): Properties {
  const entries = Object.entries(type.properties).filter(([key]) => !isEmpty(state[key]));
  return { ...Object.fromEntries(entries.map(([key]) => [key, state[key]])), __defaults: [] };
}

/** Returns the program's inputs with their current values, and adds inputs that somebody else has set. */
function refreshedInputs(type: ResourceType, state: Properties, priorInputs: Properties): Properties {
  const inputs: Properties = { ...priorInputs };
  for (const [key, spec] of Object.entries(type.properties)) {
    const wasSet = priorInputs[key] !== undefined;
    const hasAppeared = !wasSet && spec.computed !== true && !isEmpty(state[key]);
    if (!wasSet && !hasAppeared) continue;
    if (wasSet && isSame(spec, priorInputs[key], state[key])) continue;
    if (state[key] === undefined) delete inputs[key];
    else inputs[key] = state[key];
  }
  return inputs;
}

/** Returns the state of a planned resource: its inputs, and properties derived from them. */
export function plannedCreate(aws: Aws, type: ResourceType, inputs: Properties): Properties {
  const unknown = Object.fromEntries(type.computedOutputs.map((key) => [key, UNKNOWN]));
  const name = type.naming !== undefined && inputs.name === undefined ? { name: UNKNOWN } : {};
  return {
    ...unknown,
    ...name,
    ...tagsAllOf(type, inputs),
    ...(type.properties.region !== undefined && { region: aws.region }),
    ...withoutDefaults(inputs),
  };
}

export function plannedUpdate(type: ResourceType, state: Properties, inputs: Properties): Properties {
  const kept = Object.entries(state).filter(([key]) => {
    const spec = type.properties[key];
    return spec === undefined || spec.computed === true || inputs[key] !== undefined;
  });
  return { ...Object.fromEntries(kept), ...tagsAllOf(type, inputs), ...withoutDefaults(inputs) };
}

function tagsAllOf(type: ResourceType, inputs: Properties): Properties {
  return type.properties.tags === undefined ? {} : { tagsAll: inputs.tags ?? {} };
}

function withoutDefaults({ __defaults, ...inputs }: Properties): Properties {
  return inputs;
}
