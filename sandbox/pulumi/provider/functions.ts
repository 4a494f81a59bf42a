import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { Aws } from "./clients";
import type { Properties } from "./properties";

/**
 * A function of the real provider.
 *
 * @throws Error that names the function, or the argument, that the sandbox doesn't provide.
 */
export async function callFunction(
  connected: () => Aws,
  token: string,
  inputs: Properties,
): Promise<Properties> {
  if (token !== "aws:index/getCallerIdentity:getCallerIdentity") {
    throw new Error(`the sandbox's provider does not support the function ${token}`);
  }
  const [unknown] = Object.keys(inputs);
  if (unknown !== undefined)
    throw new Error(`the sandbox's provider does not support ${unknown} of ${token}`);
  const { Account, Arn, UserId } = await connected().sts.send(new GetCallerIdentityCommand({}));
  return { accountId: Account, arn: Arn, userId: UserId, id: Account };
}
