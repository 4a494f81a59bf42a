import { shellWord } from "../common/text";
import type { Adoption } from ".";

/** Returns the commands that adopt the resources, for a shell, with everything else as comments. */
export function adoptionText({ region, inputs, ignored, notAdopted }: Adoption): string {
  return [
    "# Settings with which a stack takes over the stream and the role without changing them:",
    settingLine("aws:region", region),
    ...Object.entries(inputs).flatMap(([name, value]) => settingLines(name, value)),
    "",
    "# Properties that stay as they are, because the settings don't express them:",
    ...ignored.map(({ property, reason }) => `#   ${property}: ${reason}`),
    ...(notAdopted.length === 0 ? [] : ["", "# Not adopted:", ...notAdopted.map((each) => `#   ${each}`)]),
    "",
    "# Import. The preview must list imports without a change:",
    "pulumi preview",
    "pulumi up",
  ].join("\n");
}

function settingLines(path: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => settingLines(`${path}[${index}]`, item));
  if (typeof value !== "object" || value === null) return [settingLine(path, String(value))];
  return Object.entries(value).flatMap(([key, inner]) =>
    settingLines(/^\w+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`, inner),
  );
}

function settingLine(path: string, value: string): string {
  const option = /[.[]/.test(path) ? "--path " : "";
  return `pulumi config set ${option}${quoted(path)} ${quoted(value)}`;
}

/** A value after `--` may begin with a dash. */
function quoted(word: string): string {
  return `${word.startsWith("-") ? "-- " : ""}${shellWord(word)}`;
}
