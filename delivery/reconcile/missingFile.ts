import { stat } from "node:fs/promises";
import { DeliveryError, messageOf, ReportError } from "../common/errors";
import { probeFile, writeAtomically } from "../common/files";
import { jsonText } from "../common/text";
import type { ExportedEvent } from "../events/export/eventLines";
import { redactName } from "../events/redact";

/** @throws ReportError if the file can't be written. */
export async function prepareMissing(file: string): Promise<void> {
  if (file === "-")
    throw new ReportError(
      "The missing events can't be written to -, because standard output has the report. Name a file",
    );
  const existing = await stat(file).catch(() => undefined);
  if (existing?.isFile() === false) throw unwritable(file, "it isn't a regular file");
  await probeFile(file).catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
}

/**
 * Writes one JSON line per missing event: which one it is, and where the export has it, without its content.
 *
 * @throws ReportError if the file can't be written. An existing file then remains.
 */
export async function writeMissing(
  file: string,
  missing: AsyncIterable<readonly ExportedEvent[]>,
): Promise<void> {
  const lines = async function* () {
    for await (const events of missing) yield events.map(lineOf).join("");
  };
  await writeAtomically(file, lines()).catch((error: unknown) => {
    // An archive that can't be read any more has its own message.
    throw error instanceof DeliveryError ? error : unwritable(file, error);
  });
}

function unwritable(file: string, cause: unknown): ReportError {
  return new ReportError(
    `The missing events can't be written to ${file}: ${messageOf(cause)}. Name another file`,
    { cause },
  );
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
