import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { requireOneSdk } from "../../../../sandbox/pulumi/provisioning/places";

describe("A checkout whose component would load a second copy of Pulumi's SDK", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "places-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is rejected with the folder to delete", () => {
    mkdirSync(join(folder, "components", "node_modules", "@pulumi", "pulumi"), { recursive: true });
    expect(() => requireOneSdk(folder))
      .to.throw("second copy of Pulumi's SDK")
      .with.property("message")
      .that.includes(`${join(folder, "components", "node_modules")} holds`)
      .and.includes("Delete that folder");
  });

  it("is accepted without that copy", () => {
    mkdirSync(join(folder, "components", "node_modules", ".bin"), { recursive: true });
    expect(() => requireOneSdk(folder)).not.to.throw();
  });
});
