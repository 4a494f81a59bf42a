import type { EngineEvent } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { addEvent, type EngineReport } from "../../../delivery/fleet/pulumi";

const STREAM = "urn:pulumi:acme::p::a:index:A$aws:kinesis/stream:Stream::amplitude-stream";

/** Events as Pulumi v3.259.0 sends them. */
const resource = (op: string, more: object = {}) => ({
  resOutputsEvent: {
    metadata: { op, urn: STREAM, type: "aws:kinesis/stream:Stream", detailedDiff: null, ...more },
  },
});
const diagnostic = (severity: string, message: string) => ({
  diagnosticEvent: { severity, message, color: "never" },
});

function reportOf(...events: object[]): EngineReport {
  const report: EngineReport = { changes: null, outputs: {}, drift: [], errors: [], findings: [] };
  for (const event of events)
    addEvent(report, { sequence: 0, timestamp: 0, ...event } as EngineEvent, "acme");
  return report;
}

describe("The events of Pulumi's engine", () => {
  it("tell which resources were changed by hand, with the names of their properties", () => {
    const detailedDiff = { retentionPeriod: { diffKind: "update" }, "tags.hand": { diffKind: "add" } };
    const { drift } = reportOf(
      resource("same"),
      resource("refresh"),
      resource("update", { detailedDiff, diffs: ["retentionPeriod", "tags"] }),
      resource("update", { diffs: ["tags"] }),
      resource("update"),
      resource("delete"),
    );
    expect(drift).to.deep.equal([
      { urn: STREAM, change: "update", properties: ["retentionPeriod", "tags.hand"] },
      { urn: STREAM, change: "update", properties: ["tags"] },
      { urn: STREAM, change: "update", properties: [] },
      { urn: STREAM, change: "delete", properties: [] },
    ]);
  });

  it("have the number of changes, the outputs and the errors", () => {
    const outputs = { region: "us-east-1" };
    const report = reportOf(
      resource("same", { type: "pulumi:pulumi:Stack", new: { outputs } }),
      diagnostic("error", "<{%reset%}>it failed<{%reset%}>\n"),
      diagnostic("info", "it runs"),
      { summaryEvent: { resourceChanges: { create: 6 } } },
    );
    expect(report).to.deep.equal({
      changes: { create: 6 },
      outputs,
      drift: [],
      errors: ["it failed"],
      findings: [],
    });
  });

  it("name the operations that a killed update left, and the command that clears them", () => {
    const warning = `Attempting to deploy or update resources with 2 pending operations from previous deployment.
  * ${STREAM}, interrupted while creating
  * urn:pulumi:acme::p::aws:iam/role:Role::amplitude-role, interrupted while updating
These resources are in an unknown state.`;
    const [finding, ...others] = reportOf(diagnostic("warning", warning)).findings;
    expect(others).to.deep.equal([]);
    expect(finding).to.include({ code: "pending-operations", severity: "warning", where: "acme" });
    expect(finding?.message).to.include("creating amplitude-stream and updating amplitude-role");
    expect(finding?.remedy).to.include("pulumi refresh --clear-pending-creates --stack acme");
  });
});
