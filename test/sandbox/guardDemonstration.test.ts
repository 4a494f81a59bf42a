import { expect } from "chai";
import type { LocalAws } from "../../sandbox/aws";
import { GuardDemonstration } from "../../sandbox/guardDemonstration";
import { exportFiles } from "../delivery/events/export/fixtures/writeExport";

describe("The demonstration of the guard", () => {
  it("expects every project of the shipped export, so that only the intruder raises the alarm", () => {
    const { projectIds } = new GuardDemonstration(() => {}).settings.config.guard;
    const apps = exportFiles().flatMap(({ rows }) => rows.map((row) => JSON.parse(row).app));
    expect(apps.filter((app) => !projectIds.includes(app))).to.deep.equal([]);
  });

  it("doesn't take an earlier alarm for the intruder's", async () => {
    const said: string[] = [];
    const demonstration = new GuardDemonstration((line) => said.push(line));
    demonstration.onAlarm({ name: "alarm", arn: "", reason: "", actionArns: [] });
    await demonstration.intrude({} as LocalAws, { roleArn: "", streamName: "" });
    expect(said).to.have.length(2);
    expect(said[1]).to.match(/already raised/);
  });
});
