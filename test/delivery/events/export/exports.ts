import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Options, ZipFile } from "yazl";
import { openExport } from "../../../../delivery/events/export/exportReader";
import type { SourceProblem } from "../../../../delivery/events/source";
import { eventsOf } from "../eventsOf";

/** Registers hooks that make a folder for each test and remove it; the answer gives paths in it. */
export function temporaryFolder(): (name: string) => string {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "amplitude-export-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

export function written(path: string, content: Buffer | string): string {
  writeFileSync(path, content);
  return path;
}

export interface EntryToZip {
  readonly name: string;
  readonly content: Buffer | string;
  readonly options?: Partial<Options>;
}

export function zipped(entries: readonly EntryToZip[], zip64 = false): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { name, content, options } of entries) {
    if (name.endsWith("/")) zip.addEmptyDirectory(name);
    else zip.addBuffer(Buffer.from(content), name, { forceZip64Format: zip64, ...options });
  }
  zip.end({ forceZip64Format: zip64, comment: "" });
  return buffer(zip.outputStream);
}

interface WholeExport {
  readonly texts: string[];
  readonly origins: string[];
  readonly problems: readonly SourceProblem[];
  readonly problemCount: number;
  readonly fileProblemCount: number;
}

export async function readExport(path: string): Promise<WholeExport> {
  const source = await openExport(path);
  const texts: string[] = [];
  const origins: string[] = [];
  for await (const event of eventsOf(source)) {
    texts.push(event.bytes.toString("utf8"));
    origins.push(event.origin);
  }
  const { problems, problemCount, fileProblemCount = 0 } = source;
  return { texts, origins, problems, problemCount, fileProblemCount };
}

/** `count` events whose lines don't compress away, so that damage to packed bytes lands in the middle of them. */
export function manyEvents(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      uuid: index,
      text: Math.sin(index + 1)
        .toString(36)
        .repeat(3),
    }),
  );
}

export function asLines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
