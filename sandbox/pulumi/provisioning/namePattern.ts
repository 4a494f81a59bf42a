import { randomBytes } from "node:crypto";
import type { Autonaming } from "../provider/naming";
import { isObject } from "../provider/properties";
import type { Project } from "./places";

/** Returns the name that the engine would propose for a resource, from the project's `pulumi:autonaming`. */
export function autonamingFor(
  project: Project,
  stackName: string,
  token: string,
  logicalName: string,
): Autonaming | undefined {
  const setting = strategyFor(project.config?.["pulumi:autonaming"]?.value, token);
  if (setting === undefined || setting.mode === "default") return undefined;
  if (setting.mode === "disabled") return { proposedName: "", mode: "disable" };
  if (setting.mode === "verbatim") return { proposedName: logicalName, mode: "enforce" };
  if (typeof setting.pattern !== "string") return undefined;
  const names = { name: logicalName, stack: stackName, project: project.name };
  return {
    proposedName: filledIn(setting.pattern, names),
    mode: setting.enforce === true ? "enforce" : "propose",
  };
}

/** Returns the most specific strategy: the type's, its provider's, or the general one. */
function strategyFor(autonaming: unknown, token: string): Record<string, unknown> | undefined {
  const provider = within(within(autonaming, "providers"), token.split(":")[0] ?? "");
  const candidates = [within(within(provider, "resources"), token), provider, autonaming];
  return candidates.filter(isObject).find(({ mode, pattern }) => mode !== undefined || pattern !== undefined);
}

function within(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

/** Source: Pulumi, "Auto-naming configuration": `${name}`, `${project}`, `${stack}`, `${hex(N)}`. */
function filledIn(pattern: string, names: Record<string, string>): string {
  return pattern.replace(/\$\{(\w+)(?:\((\d+)\))?\}/g, (expression, word: string, digits?: string) => {
    const name = names[word];
    if (name !== undefined && digits === undefined) return name;
    if (word === "hex" && digits !== undefined)
      return randomBytes(Number(digits)).toString("hex").slice(0, Number(digits));
    throw new Error(`the in-process runtime does not support ${expression} in pulumi:autonaming`);
  });
}
