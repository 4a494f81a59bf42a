import { isObject } from "./properties";

/**
 * Whether two policy documents have the same meaning: IAM returns a document with its keys in another order, a list of one
 * as a plain string, and an account's id as the ARN of its root.
 */
export function areSamePolicies(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  const [first, second] = [parsed(one), parsed(other)];
  if (first === undefined || second === undefined) return false;
  return JSON.stringify(normal(first)) === JSON.stringify(normal(second));
}

function parsed(document: unknown): unknown {
  if (typeof document !== "string") return undefined;
  try {
    return JSON.parse(document);
  } catch {
    return undefined;
  }
}

function normal(document: unknown): unknown {
  if (!isObject(document)) return document;
  const statements = listOf(document.Statement).map((statement) => normalStatement(statement));
  return sortedKeys({ ...document, Statement: sorted(statements) });
}

function normalStatement(statement: unknown): unknown {
  if (!isObject(statement)) return statement;
  const entries = Object.entries(statement).map(([key, value]) => [key, normalElement(key, value)]);
  return sortedKeys(Object.fromEntries(entries));
}

function normalElement(key: string, value: unknown): unknown {
  if (key === "Principal" || key === "NotPrincipal") return normalPrincipal(value);
  if (key === "Condition" && isObject(value))
    return mapped(value, (keys) => (isObject(keys) ? mapped(keys, values) : keys));
  if (key === "Sid" || key === "Effect") return value;
  return values(value);
}

function normalPrincipal(value: unknown): unknown {
  if (!isObject(value)) return value === "*" ? { AWS: ["*"] } : value;
  return mapped(value, (principals) => sorted(listOf(principals).map(accountAsRoot)));
}

function accountAsRoot(principal: unknown): string {
  const written = String(principal);
  return /^\d{12}$/.test(written) ? `arn:aws:iam::${written}:root` : written;
}

const values = (value: unknown) => sorted(listOf(value).map(String));

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function mapped(
  value: Record<string, unknown>,
  change: (inner: unknown) => unknown,
): Record<string, unknown> {
  return sortedKeys(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)])));
}

function sortedKeys(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sorted(items: unknown[]): unknown[] {
  const byText = (item: unknown) => JSON.stringify(item);
  return [...items].sort((a, b) => (byText(a) < byText(b) ? -1 : 1));
}
