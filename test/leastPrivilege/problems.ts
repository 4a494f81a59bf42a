import type { Variant } from "./contractTable";
import { expectedDecisions } from "./contractTable";
import { decisionOf, labelOf, questionsOf } from "./decisions";
import type { Documents } from "./documents";
import { formProblems } from "./form";

/**
 * What is wrong with documents that should do what the variant's contract says; empty for right ones. Decisions are
 * compared until `most` are wrong.
 */
export async function problemsOf(documents: Documents, variant: Variant, most = 20): Promise<string[]> {
  return [...(await formProblems(documents)), ...(await wrongDecisions(documents, variant, most))];
}

async function wrongDecisions(documents: Documents, variant: Variant, most: number): Promise<string[]> {
  const expectedOf = expectedDecisions(variant);
  const wrong: string[] = [];
  for (const question of await questionsOf(variant)) {
    const label = labelOf(question);
    const expected = expectedOf(question, label);
    const decision = await decisionOf(question, documents, variant);
    if (decision !== expected) wrong.push(`decision: ${label}: ${decision}, not ${expected}`);
    if (wrong.length >= most) break;
  }
  return wrong;
}
