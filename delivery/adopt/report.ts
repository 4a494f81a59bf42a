import type { StackOutputs } from "../common/outputs";

/** A property that the component would change, so that it has to be ignored. */
export interface IgnoredProperty {
  /** Such as `stream.tags`. */
  property: string;
  /** Its value in AWS, and why no input expresses it. */
  reason: string;
}

/** How a stack takes over a stream and a role without changing them. */
export interface Adoption extends StackOutputs {
  /** Rises when a field changes its meaning or goes; a new field doesn't raise it. */
  reportVersion: 1;
  /** Inputs of the component, which are also the settings of a checkout's stack. */
  inputs: Record<string, unknown>;
  /** Properties in `inputs.adopt.ignoreChanges`, and the reason for each. */
  ignored: IgnoredProperty[];
  /** Facts about the resources that stay outside the stack, one phrase each. */
  notAdopted: string[];
}
