import type { Credentials } from "../aws/profile";
import type { StackOutputs } from "../common/outputs";

/** Options of `describeAdoption`. Only `outputs` is required. */
export interface AdoptOptions {
  /** The role and the stream that were made by hand. */
  outputs: StackOutputs;
  /** Read the stream, the role and the key. Default: the SDK's chain. */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, in place of `credentials`. */
  profile?: string | undefined;
  /** URL of the one endpoint for all AWS services. Default: the SDK's settings (`AWS_ENDPOINT_URL`, …), else AWS. */
  endpoint?: string | undefined;
}
