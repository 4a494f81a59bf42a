import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../cache";

/** A fenced block of a document. */
export interface Block {
  /** Language after the opening fence, such as `sh`, `ts` or `text`. Empty if there is none. */
  language: string;
  code: string;
  /** Number of its first line, from 1. */
  line: number;
}

/** Every document that the package or the repository shows to people. */
export const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...markdownIn("docs"),
  ...markdownIn("examples"),
  ...markdownIn("template"),
].sort();

export function readDocument(path: string): string {
  return readFileSync(join(PROJECT, path), "utf8");
}

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^( *)```([\w-]*)\n([\s\S]*?)^\1```$/gm)].map((match) => ({
    language: match[2] ?? "",
    code: (match[3] ?? "").replaceAll(new RegExp(`^${match[1]}`, "gm"), ""),
    line: text.slice(0, match.index).split("\n").length + 1,
  }));
}

/** Returns a document without its fenced blocks. */
export function proseOf(text: string): string {
  return text.replaceAll(/^( *)```[\w-]*\n[\s\S]*?^\1```$/gm, "");
}

function markdownIn(folder: string): string[] {
  return readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`);
}
