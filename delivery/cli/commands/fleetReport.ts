import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { SettingsError } from "../../common/errors";
import type { PartFolder } from "../../fleet/merge";
import { readInput } from "../options/deployment";
import { publishReport } from "../terminal/output";

/**
 * Runs `fleet report`: merges the results of a run's parts, prints the report, and writes it if `--report` names a folder.
 *
 * @param folders Report folders of the parts.
 * @returns The exit status of the worst customer.
 * @throws SettingsError if no part has finished, a folder is missing, or `--report` is a part's folder.
 * @throws ReportError if a report can't be read.
 */
export async function runFleetReport(
  folders: string[],
  flags: { report?: string; json?: true },
): Promise<number> {
  const { mergeFleets }: typeof import("../../fleet/merge") = require("../../fleet/merge");
  const { fleetText }: typeof import("../../report/fleet") = require("../../report/fleet");
  const base = resolve(flags.report ?? ".");
  if (flags.report !== undefined && folders.some((folder) => resolve(folder) === base)) {
    throw new SettingsError(
      `--report ${flags.report} is the folder of a part, whose report.json would be replaced. Name another folder`,
    );
  }
  const parts = await Promise.all(folders.map(readPart));
  if (parts.every(({ report }) => report === undefined)) {
    throw new SettingsError(
      folders.length === 0
        ? "fleet report needs the report folders of the parts, such as `fleet report parts/*`"
        : `No part has finished: there is no report.json in ${folders.join(", ")}. Name the folders of \`fleet\`'s --report`,
    );
  }
  const report = mergeFleets(parts, (folder, log) => relative(base, resolve(folder, log)));
  return publishReport(report, flags, fleetText);
}

async function readPart(folder: string): Promise<PartFolder> {
  const { parseFleetReport }: typeof import("../../report/parseReport") = require("../../report/parseReport");
  if (!existsSync(folder)) {
    throw new SettingsError(`There is no folder ${folder}. Name the report folder of each part`);
  }
  const file = join(folder, "report.json");
  return {
    folder,
    report: existsSync(file) ? parseFleetReport(await readInput(file), file) : undefined,
  };
}
