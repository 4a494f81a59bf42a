import { appendFileSync } from "node:fs";
import { join } from "node:path";

/** Skips the test or, in a `before` hook, the suite. The end of the run names it with the reason. */
export function skip(context: Mocha.Context, reason: string): never {
  const { title, type, parent } = context.runnable() as Mocha.Runnable & { type: string };
  noteSkipped(type === "hook" ? (parent?.fullTitle() ?? title) : context.runnable().fullTitle(), reason);
  return context.skip();
}

/** Reports a part of a test that can't run here. The rest of the test continues. */
export function noteSkipped(what: string, reason: string): void {
  const folder = process.env.TEST_RUN_FOLDER;
  if (folder === undefined) console.log(`SKIPPED: ${what}: ${reason}`);
  else appendFileSync(join(folder, "skipped"), `${what}: ${reason}\n`);
}
