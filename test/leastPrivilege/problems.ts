import type { Variant } from "./contractTable";
import { expectedDecisions } from "./contractTable";
import { decisionOf, labelOf, questionsOf } from "./decisions";
import type { Documents } from "./documents";
import { formProblems } from "./form";

/**
 * Returns the deviations of the documents from the variant's contract, and an empty list for correct documents. It stops
 * after `max` wrong decisions.
 */
export async function problemsOf(documents: Documents, variant: Variant, max = 20): Promise<string[]> {
  return [...(await formProblems(documents)), ...(await wrongDecisions(documents, variant, max))];
}

async function wrongDecisions(documents: Documents, variant: Variant, max: number): Promise<string[]> {
  const expectedOf = expectedDecisions(variant);
  const wrong: string[] = [];
  for (const question of await questionsOf(variant)) {
    const label = labelOf(question);
    const expected = expectedOf(question, label);
    const decision = await decisionOf(question, documents, variant);
    if (decision !== expected) wrong.push(`decision: ${label}: ${decision}, not ${expected}`);
    if (wrong.length >= max) break;
  }
  return wrong;
}
