import { writeAtomically } from "../common/atomicFile";
import { messageOf, ReportError } from "../common/errors";
import { jsonText } from "../common/printable";
import type { ExportedEvent } from "../events/export/eventLines";
import { redactName } from "../events/redact";

/**
 * Writes one JSON line per missing event: which one it is, and where the export has it, without its content.
 *
 * @throws ReportError if the file can't be written. An existing file then remains.
 */
export async function writeMissing(
  file: string,
  missing: AsyncIterable<readonly ExportedEvent[]>,
): Promise<void> {
  let readError: unknown;
  try {
    await writeAtomically(file, lines());
  } catch (cause) {
    if (readError !== undefined) throw readError;
    throw new ReportError(
      `The missing events can't be written to ${file}: ${messageOf(cause)}. Name another file`,
      { cause },
    );
  }

  async function* lines(): AsyncGenerator<string> {
    try {
      for await (const events of missing) yield events.map(lineOf).join("");
    } catch (error) {
      readError = error;
      throw error;
    }
  }
}

function lineOf({ row, origin }: ExportedEvent): string {
  const colon = origin.lastIndexOf(":");
  const { uuid, event_type, server_upload_time } = row;
  const missing = {
    uuid: typeof uuid === "string" ? uuid : null,
    type: typeof event_type === "string" ? redactName(event_type) : null,
    server_upload_time,
    file: origin.slice(0, colon),
    line: Number(origin.slice(colon + 1)),
  };
  return `${jsonText(missing, 0)}\n`;
}
