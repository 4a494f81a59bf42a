import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { instructions } from "../../sandbox/keepUp";
import { shellWord } from "../../sandbox/pulumi/provisioning/places";

describe("a word of a printed command line", () => {
  for (const path of [
    "/srv/me/project/.sandbox/run-1-a/outputs.json",
    "/srv/me/Jane's project/.sandbox/outputs.json",
    '$HOME/`id`/"a"/b\\c;*',
    "'",
    "",
  ]) {
    it(`is read by sh unchanged: «${path}»`, () => {
      const said = execFileSync("sh", ["-c", `printf '<%s>' ${shellWord(path)}`], { encoding: "utf8" });
      expect(said).to.equal(`<${path}>`);
    });
  }

  it("is quoted only if necessary", () => {
    expect(shellWord("/a/run-1-Xy/outputs.json")).to.equal("/a/run-1-Xy/outputs.json");
    expect(shellWord("/it's me/x")).to.equal("'/it'\\''s me/x'");
  });
});

describe("the output of --keep", () => {
  it("names its files correctly if the path has a space and a quote", () => {
    const folder = "/srv/me/Jane's project/.sandbox/run-1";
    const files = { environment: `${folder}/environment`, outputs: `${folder}/outputs.json` };
    const printed = instructions(files, {
      amplitude: { url: "http://127.0.0.1:1/2/httpapi", origin: "http://127.0.0.1:1" },
      past: { hour: "2026-01-05T09", events: 4, filtered: 1, dropped: 1, doubled: 1, changed: 1 },
      stack: { name: "sandbox", project: folder },
      streamName: "events",
    });
    const lines = printed.match(/^(\.|npx) .*$/gm)?.map((line) => line.replace(/^\. /, "sourced ")) ?? [];
    const script = ["sourced() { printf '<%s>' \"$1\"; }", "npx() { printf '<%s>' \"$4\"; }", ...lines].join(
      "\n",
    );
    const outputs = `<${folder}/outputs.json>`;
    expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).to.equal(
      `<${folder}/environment>${outputs.repeat(4)}<sandbox>`,
    );
  });
});
