import { SourceError } from "../../common/errors";
import { withoutMark } from "./eventLine";

export type ExportFormat = "zip" | "gzip" | "json-lines";

/** How many bytes at a file's start tell its format. */
export const FORMAT_BYTES = 64 * 1024;

/** Local file header, end of an empty archive, and the marker of a spanned one: APPNOTE.TXT 4.3.7, 4.3.16, 8.5.5. */
const ZIP_MAGIC = ["504b0304", "504b0506", "504b0708"];

export function isGzip(start: Buffer): boolean {
  // RFC 1952, 2.3.1: ID1 and ID2.
  return start[0] === 0x1f && start[1] === 0x8b;
}

/**
 * What an export is, by its content: names are changed by browsers and by hand.
 *
 * @param start the file's first 64 KiB, or all of it
 * @throws SourceError where it is none of the three
 */
export function exportFormat(path: string, start: Buffer): ExportFormat {
  if (ZIP_MAGIC.includes(start.toString("hex", 0, 4))) return "zip";
  if (isGzip(start)) return "gzip";
  if (looksLikeJsonLines(start)) return "json-lines";
  throw new SourceError(
    `"${path}" is not an Amplitude export: it is neither a ZIP nor gzip, and no line at its start begins a JSON object. ` +
      "Give the .zip of Amplitude's Export API, one of its .json.gz files, or a .json file with one event a line.",
  );
}

/** A file with broken lines is still an export, and they get reported; a picture or a web page is not. */
function looksLikeJsonLines(start: Buffer): boolean {
  const text = withoutMark(start).toString("latin1");
  return text.trim() === "" || /^[ \t]*\{\s*["}]/m.test(text);
}
