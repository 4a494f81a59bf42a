/** A statement of a policy document, as far as it is looked at; nothing of it is taken for granted. */
export interface Statement {
  Sid?: unknown;
  Effect?: unknown;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: unknown;
  NotAction?: unknown;
  Resource?: unknown;
  NotResource?: unknown;
  Condition?: unknown;
}

/** Undefined for what is not a JSON policy document. */
export function parseStatements(document: string): Statement[] | undefined {
  try {
    const { Statement } = JSON.parse(document);
    const list: unknown[] = Array.isArray(Statement) ? Statement : [Statement];
    return list.filter((item): item is Statement => typeof item === "object" && item !== null);
  } catch {
    return undefined;
  }
}

/** The AWS principals: ARNs, account ids, or `*`. */
export function principals(principal: unknown): string[] {
  if (principal === "*") return ["*"];
  if (typeof principal !== "object" || principal === null || !("AWS" in principal)) return [];
  return strings(principal.AWS);
}

/** A policy writes a list of one as a plain string. */
export function strings(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item) => typeof item === "string");
}
