import { credentialsProblem } from "../aws/credentials";
import { isCredentialsError } from "../aws/errors";

/**
 * Runs one inspection. An error of AWS becomes a result, because it concerns only this inspection.
 *
 * @param onError turns the error into the result.
 * @throws DeliveryError `credentials` if AWS rejects the caller's credentials, because then no inspection can work.
 */
export async function inspect<Result>(
  inspection: () => Promise<Result>,
  onError: (error: unknown) => Result,
): Promise<Result> {
  try {
    return await inspection();
  } catch (error) {
    if (isCredentialsError(error)) throw credentialsProblem(error);
    return onError(error);
  }
}

/** Whether AWS responded with the error of this name. */
export function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
