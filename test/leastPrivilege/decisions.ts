import { type Caller, CUSTOMER, outsiders, roleSession } from "./callers";
import { type Circumstance, circumstancesOf, OVER_THE_WIRE } from "./circumstances";
import { allowedLabels, KEY, type Variant } from "./contractTable";
import type { Documents, PolicyDocument } from "./documents";
import { evaluate, textOf } from "./evaluator";
import { type KnownAction, knownActions } from "./iamData";
import { ownerOf, ownResources, resourcesOf } from "./resources";

export interface Question {
  /** Undefined for the role's session, whose permissions are in the documents. */
  outsider: Caller | undefined;
  action: string;
  resource: string;
  circumstance: Circumstance;
}

export function labelOf({ outsider, action, resource, circumstance }: Question): string {
  return `${outsider?.name ?? "the role's session"}: ${action} on ${resource}, ${circumstance.name}`;
}

const asked = new Map<Variant, Promise<Question[]>>();

/**
 * Returns all questions, those closest to the contract first. The role's session asks about every action on every resource
 * that the action accepts. Other callers ask about every action on this stream, this role and this key. Circumstances vary
 * if the documents could test them: for other callers on the role, for the session on the key, and for every caller on a
 * stream with a policy.
 */
export function questionsOf(variant: Variant): Promise<Question[]> {
  const questions = asked.get(variant) ?? allQuestions(variant);
  asked.set(variant, questions);
  return questions;
}

async function allQuestions(variant: Variant): Promise<Question[]> {
  const own = ownResources(variant);
  const questions = (await knownActions()).flatMap((action) => {
    const resources = resourcesOf(action, variant);
    const ownOnes = resources.filter((resource) => own.includes(resource));
    return [
      ...asking(undefined, action, resources, variant),
      ...outsiders.flatMap((outsider) => asking(outsider, action, ownOnes, variant)),
    ];
  });
  const allowed = allowedLabels(variant);
  const distance = (question: Question) => {
    if (allowed.has(labelOf(question))) return 0;
    return own.includes(question.resource) ? 1 : 2;
  };
  return questions.sort((a, b) => distance(a) - distance(b));
}

function asking(
  outsider: Caller | undefined,
  action: KnownAction,
  resources: string[],
  { streamArn, roleArn, forbidden }: Variant,
): Question[] {
  const asked = (resource: string): Circumstance[] => {
    if (forbidden !== undefined && resource === streamArn) return OVER_THE_WIRE;
    const circumstances = circumstancesOf(action, streamArn);
    const matters = outsider ? resource === roleArn : resource === KEY;
    return matters ? circumstances : [circumstances[0]];
  };
  return resources.flatMap((resource) => {
    return asked(resource).map((circumstance) => ({
      outsider,
      action: `${action.service}:${action.name}`,
      resource,
      circumstance,
    }));
  });
}

/** The worst case for foreign resources and the customer's keys: their policies defer to the customer's account. */
const OPEN_TO_THE_CUSTOMER: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${CUSTOMER}:root` }, Action: "*", Resource: "*" },
  ],
};

function resourcePolicyOf(question: Question, { trust, streamPolicy }: Documents, variant: Variant) {
  const { action, resource } = question;
  if (action.startsWith("sts:") && resource === variant.roleArn) return trust;
  if (resource === variant.streamArn) return streamPolicy;
  const isKey = resource.startsWith("arn:aws:kms:");
  return isKey || ownerOf(resource) !== CUSTOMER ? OPEN_TO_THE_CUSTOMER : undefined;
}

const decisions = new Map<string, Map<string, Promise<string>>>();

/** `Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`; any other text is the reason for no decision. */
export function decisionOf(question: Question, documents: Documents, variant: Variant): Promise<string> {
  const caller = question.outsider ?? roleSession(variant.roleArn, documents.write);
  const resourcePolicy = resourcePolicyOf(question, documents, variant);
  const policies = `${textOf(caller.own)} ${textOf(resourcePolicy)}`;
  const known = decisions.get(policies) ?? new Map<string, Promise<string>>();
  decisions.set(policies, known);
  const label = labelOf(question);
  const decision = known.get(label) ?? decide(question, caller, resourcePolicy);
  known.set(label, decision);
  return decision;
}

function decide(
  { action, resource, circumstance }: Question,
  caller: Caller,
  resourcePolicy: PolicyDocument | undefined,
): Promise<string> {
  return evaluate({
    principal: caller.principal,
    action,
    resource,
    resourceAccountId: ownerOf(resource),
    context: { ...caller.context, ...circumstance.context },
    identityPolicy: caller.own,
    resourcePolicy,
  });
}
