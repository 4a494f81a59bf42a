import { readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { prepareMissing } from "../../../delivery/reconcile/missingEvents";
import { temporaryFolder } from "../events/export/exports";

describe("The file of missing events", () => {
  const path = temporaryFolder();
  const problemOf = (file: string) =>
    prepareMissing(file).then(
      () => undefined,
      (error: Error) => error.message,
    );

  it("is rejected before anything is read if it is a folder, a device or standard output", async () => {
    symlinkSync("/dev/null", path("link"));
    for (const file of [path("."), "/dev/null", path("link")])
      expect(await problemOf(file), file).to.match(/ isn't a regular file\. Name another file$/);
    expect(await problemOf("-")).to.include("standard output has the report");
  });

  it("may exist, and a killed run's remains beside it are removed", async () => {
    writeFileSync(path("missing.jsonl"), "old");
    const [dead, running] = [2 ** 22 + 1, process.pid];
    for (const pid of [dead, running]) writeFileSync(path(`missing.jsonl.${pid}-0123456789ab.tmp`), "half");
    expect(await problemOf(path("missing.jsonl"))).to.equal(undefined);
    expect(readdirSync(path(".")).filter((name) => name.startsWith("missing"))).to.have.members([
      "missing.jsonl",
      `missing.jsonl.${running}-0123456789ab.tmp`,
    ]);
  });
});
