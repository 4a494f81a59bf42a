import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { adoptionText } from "../../../delivery/adopt";

const adoption = {
  reportVersion: 1 as const,
  roleArn: "arn:aws:iam::111122223333:role/vendors/by-hand",
  region: "us-east-1",
  streamName: "by-hand",
  inputs: {
    streamName: "by-hand",
    shardCount: 3,
    shardLevelMetrics: ["IncomingBytes"],
    tags: { team: "data", "cost center": "it's $HOME", shift: "-4" },
    adopt: { streamName: "by-hand", ignoreChanges: ["stream.tags"] },
  },
  ignored: [{ property: "stream.tags", reason: "it has 3 tags" }],
  notAdopted: ["the stream's resource policy"],
};

describe("The commands that adopt prints", () => {
  it("set each value, with a path for each value in a list or a map", () => {
    expect(adoptionText(adoption).split("\n")).to.include.members([
      "pulumi config set aws:region us-east-1",
      "pulumi config set shardCount 3",
      "pulumi config set --path 'shardLevelMetrics[0]' IncomingBytes",
      "pulumi config set --path tags.team data",
      "pulumi config set --path tags.shift -- -4",
      "pulumi config set --path 'adopt.ignoreChanges[0]' stream.tags",
    ]);
  });

  it("reach pulumi unchanged through a shell, and everything else is a comment", () => {
    const shell = `pulumi() { printf '%s|' "$@"; echo; }\n${adoptionText(adoption)}`;
    const lines = execFileSync("sh", ["-c", shell], { encoding: "utf8" }).trimEnd().split("\n");
    expect(lines).to.include('config|set|--path|tags["cost center"]|it\'s $HOME|');
    expect(lines.every((line) => /^(config\|set|preview|up)\|/.test(line))).to.equal(true);
  });

  it("name what stays as it is, and what is not adopted", () => {
    expect(adoptionText(adoption))
      .to.include("#   stream.tags: it has 3 tags")
      .and.to.include("#   the stream's resource policy");
  });
});
