import type { Aws } from "./clients";
import type { CheckFailure, Properties } from "./properties";

export interface NameRule {
  /** Maximum number of characters. */
  longest: number;
  /** Allowed characters. */
  characters: RegExp;
  /** Whether `namePrefix` can be given instead of a name. */
  hasPrefix: boolean;
}

/** A policy document is JSON text, or an object that the check writes as such. A string set has no order. */
export type ValueType =
  | "string"
  | "number"
  | "boolean"
  | "stringSet"
  | "stringMap"
  | "policyDocument"
  | "object";

export interface PropertySpec {
  type: ValueType;
  required?: true;
  /** The real provider's defaults. */
  default?: string | number | boolean;
  /** Whether a change replaces the resource. */
  replaces?: true;
  /** Whether the service sets the input if the program omits it. The value then isn't a difference. */
  computed?: true;
  /** Whether the input only controls the provider. It is kept in the state, not by the service. */
  providerOnly?: true;
}

export interface Found {
  id: string;
  /** Outputs with the service's current values. */
  state: Properties;
}

/**
 * One resource type of the real provider. Its inputs have been checked. Those of `create` and `update` are all known.
 */
export interface ResourceType {
  /** Pulumi's type, such as `aws:iam/role:Role`. */
  token: string;
  /** Every input that the type handles; any other one fails the check. */
  properties: Record<string, PropertySpec>;
  /** Outputs that are known once the resource exists. */
  computedOutputs: string[];
  naming?: NameRule;
  /** Rules between properties, without values that aren't known yet. */
  rules?(inputs: Properties): CheckFailure[];
  /** Creates the resource and returns its id at once, so that a later failure orphans nothing. */
  create(aws: Aws, inputs: Properties): Promise<string>;
  /** Remaining steps of the creation. */
  finish?(aws: Aws, id: string, inputs: Properties): Promise<void>;
  /**
   * Finds the resource by its id or the real provider's import id; undefined if it doesn't exist. `known` holds its inputs
   * or its state, if there are any.
   */
  read(aws: Aws, id: string, known?: Properties): Promise<Found | undefined>;
  /** Changes the resource from its state, which may be incomplete, to the inputs. */
  update(aws: Aws, id: string, state: Properties, inputs: Properties): Promise<void>;
  /** Succeeds if the resource is already gone. */
  delete(aws: Aws, id: string, state: Properties): Promise<void>;
}
