import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import type { AmplitudeClient } from "../../../delivery/reconcile/amplitudeClient";
import { ExportedHours } from "../../../delivery/reconcile/exportedHours";
import { HOUR_MS } from "../../../delivery/reconcile/options";
import { temporaryFolder } from "../events/export/exports";

describe("The folder of kept hours", () => {
  const path = temporaryFolder();
  /** Amplitude has no events. */
  const client = { download: async () => null } as unknown as AmplitudeClient;
  const hoursIn = (keepExport: string) =>
    new ExportedHours({ keepExport, apiKey: "key" }, { from: 0, end: HOUR_MS }, client, 10 * HOUR_MS);
  const problemOf = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      ({ name, message }: Error) => `${name}: ${message}`,
    );
  const readAll = async (hours: ExportedHours) => {
    for await (const _ of hours.read());
  };

  it("is rejected before anything is fetched if it can't be written", async () => {
    expect(await problemOf(hoursIn("/proc").prepare())).to.match(
      /^SettingsError: --keep-export can't write to \/proc: /,
    );
  });

  it("is named if an hour can't be kept", async () => {
    const hours = hoursIn(path("kept"));
    await hours.prepare();
    await readAll(hours);
    const [kept = ""] = readdirSync(path("kept"));
    const file = join(path("kept"), kept);
    rmSync(file);
    mkdirSync(file);
    expect(await problemOf(readAll(hours))).to.match(
      /^SettingsError: --keep-export can't write to .*kept: EISDIR/,
    );
    expect(readdirSync(path("kept"))).to.deep.equal([kept]);
  });

  it("may be absent, but not the temporary folder", async () => {
    const downloading = {
      download: (_hour: number, save: (zip: Readable) => Promise<unknown>) => save(Readable.from(["PK"])),
    } as unknown as AmplitudeClient;
    const { TMPDIR } = process.env;
    process.env.TMPDIR = path("absent");
    try {
      const hours = new ExportedHours(
        { apiKey: "key" },
        { from: 0, end: HOUR_MS },
        downloading,
        10 * HOUR_MS,
      );
      expect(await problemOf(readAll(hours))).to.match(
        /^SettingsError: A fetched hour can't be stored in .*absent: ENOENT.* set TMPDIR/,
      );
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });
});
