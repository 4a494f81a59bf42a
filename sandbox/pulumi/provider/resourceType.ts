import type { Aws } from "./clients";
import type { NameRule } from "./naming";
import type { CheckFailure, Properties } from "./properties";

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
  /** A change of it replaces the resource. */
  replaces?: true;
  /** Inputs that the service sets if the program omits them. Their value then isn't a difference. */
  computed?: true;
  /** The service doesn't keep it: it tells the provider how to work, and is kept in the state. */
  providerOnly?: true;
}

export interface Found {
  id: string;
  /** The outputs, as the service tells them now. */
  state: Properties;
}

/**
 * One resource type of the real provider. Inputs are checked before they come here; those of `create` and `update`
 * are all known.
 */
export interface ResourceType {
  /** Such as `aws:iam/role:Role`. */
  token: string;
  /** Every input that the type handles; any other one fails the check. */
  properties: Record<string, PropertySpec>;
  /** Outputs that are known once the service has made the resource. */
  computedOutputs: string[];
  naming?: NameRule;
  /** Rules between properties; values that aren't known yet are left out. */
  rules?(inputs: Properties): CheckFailure[];
  /** Outputs that are known before the resource exists. */
  plannedOutputs?(aws: Aws, inputs: Properties): Properties;
  /** Creates the resource and returns its id at once, so that a later failure orphans nothing. */
  create(aws: Aws, inputs: Properties): Promise<string>;
  /** Remaining steps of the creation. */
  finish?(aws: Aws, id: string, inputs: Properties): Promise<void>;
  /**
   * Finds the resource by its id or the real provider's import id; undefined if it doesn't exist. `known` holds its inputs
   * or its state, if there are any.
   */
  read(aws: Aws, id: string, known?: Properties): Promise<Found | undefined>;
  /** Leads from the state, which may be that of a half-made resource, to the inputs. */
  update(aws: Aws, id: string, state: Properties, inputs: Properties): Promise<void>;
  /** Succeeds if the resource is already gone. */
  delete(aws: Aws, id: string, state: Properties): Promise<void>;
}
