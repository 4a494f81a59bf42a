import { identityOf, userPropertiesOf } from "./ingestEvent";
import { officialSdk } from "./officialSdk";
import type { AmplitudeSender } from "./sender";

/** By this an identify call's row is known again, where it keeps its insert id: its shape in a stream is undocumented. */
export function identifyId(runId: string, user: number | ""): string {
  return `amplitude-kinesis.${runId}.identify-${user}`;
}

/** One call a user, with the properties that the user's events have too. */
export async function sendIdentifyCalls(
  sender: AmplitudeSender,
  users: number,
  runId: string,
): Promise<void> {
  const calls = Array.from({ length: users }, (_, user) => {
    const identify = new (officialSdk().Identify)();
    for (const [name, value] of Object.entries(userPropertiesOf(user))) identify.set(name, value as string);
    return sender.identify(identify, { ...identityOf(user), insert_id: identifyId(runId, user) });
  });
  await Promise.all(calls);
}
