import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { parsePart } from "../../delivery/common/part";
import { PROJECT } from "../cache";
import { runInProcess } from "../delivery/cli/inProcess";
import { unknownFlags } from "../docs/commandTree";
import { type ScriptFolder, scriptFolder } from "./scripts";

/**
 * Every field of the manifest, with the type that Kubernetes' API has for it. A misspelled field is one that is missing
 * here. Source: Kubernetes API reference, "Job v1" and "Pod v1".
 */
const FIELDS: Record<string, string> = {
  apiVersion: "string",
  kind: "string",
  "metadata.name": "string",
  "spec.completionMode": "string",
  "spec.completions": "number",
  "spec.parallelism": "number",
  "spec.backoffLimitPerIndex": "number",
  "spec.activeDeadlineSeconds": "number",
  "spec.podFailurePolicy.rules[].action": "string",
  "spec.podFailurePolicy.rules[].onExitCodes.containerName": "string",
  "spec.podFailurePolicy.rules[].onExitCodes.operator": "string",
  "spec.podFailurePolicy.rules[].onExitCodes.values[]": "number",
  "spec.template.spec.restartPolicy": "string",
  "spec.template.spec.serviceAccountName": "string",
  "spec.template.spec.terminationGracePeriodSeconds": "number",
  "spec.template.spec.containers[].name": "string",
  "spec.template.spec.containers[].image": "string",
  "spec.template.spec.containers[].workingDir": "string",
  "spec.template.spec.containers[].command[]": "string",
  "spec.template.spec.containers[].args[]": "string",
  "spec.template.spec.containers[].env[].name": "string",
  "spec.template.spec.containers[].env[].value": "string",
  "spec.template.spec.containers[].env[].valueFrom.fieldRef.fieldPath": "string",
  "spec.template.spec.containers[].env[].valueFrom.secretKeyRef.name": "string",
  "spec.template.spec.containers[].env[].valueFrom.secretKeyRef.key": "string",
  "spec.template.spec.containers[].resources.requests.cpu": "string",
  "spec.template.spec.containers[].resources.requests.memory": "string",
  "spec.template.spec.containers[].resources.limits.memory": "string",
  "spec.template.spec.containers[].volumeMounts[].name": "string",
  "spec.template.spec.containers[].volumeMounts[].mountPath": "string",
  "spec.template.spec.volumes[].name": "string",
  "spec.template.spec.volumes[].persistentVolumeClaim.claimName": "string",
};

/** Returns the path and the type of every value. */
function fieldsOf(value: unknown, path = ""): [path: string, type: string][] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldsOf(item, `${path}[]`));
  if (typeof value !== "object" || value === null) return [[path, typeof value]];
  return Object.entries(value).flatMap(([name, item]) =>
    fieldsOf(item, path === "" ? name : `${path}.${name}`),
  );
}

describe("The example of a Kubernetes Indexed Job", () => {
  const job = parse(readFileSync(join(PROJECT, "examples", "kubernetes", "fleet.yaml"), "utf8"));
  const pod = job.spec.template.spec;
  const [container] = pod.containers;
  const variables: Record<string, { value?: string; valueFrom?: object }> = Object.fromEntries(
    container.env.map(({ name, ...source }: { name: string }) => [name, source]),
  );

  it("has only fields of a Job, with values of their types", () => {
    const fields = Object.fromEntries(fieldsOf(job));
    expect(fields).to.deep.equal(FIELDS);
    expect([job.apiVersion, job.kind]).to.deep.equal(["batch/v1", "Job"]);
  });

  it("gives each pod an index, and passes the number of indexes, which Kubernetes doesn't", () => {
    expect(job.spec.completionMode).to.equal("Indexed");
    expect(variables.JOB_COMPLETIONS).to.deep.equal({ value: String(job.spec.completions) });
    expect(variables).not.to.have.property("JOB_COMPLETION_INDEX");
    expect(job.spec.parallelism).to.be.at.most(job.spec.completions);
  });

  it("counts retries per index, which needs pods that are not restarted in place", () => {
    expect(pod.restartPolicy).to.equal("Never");
    const [rule] = job.spec.podFailurePolicy.rules;
    expect(rule.onExitCodes).to.deep.equal({ containerName: container.name, operator: "In", values: [2] });
  });

  it("names the run by the Job, and a volume that the pod has", () => {
    expect(variables.RUN).to.deep.equal({
      valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } },
    });
    expect(container.volumeMounts[0].name).to.equal(pod.volumes[0].name);
  });

  it("uses only options of fleet that exist", () => {
    const [, words = ""] = /amplitude-kinesis fleet (.*)/.exec(container.args[0]) ?? [];
    expect(words).to.include("--part auto");
    expect(unknownFlags("fleet", words)).to.deep.equal([]);
  });

  describe("runs in its container", () => {
    let folder: ScriptFolder;
    beforeEach(() => {
      folder = scriptFolder();
    });
    afterEach(() => folder.remove());

    it("fleet up for each index once, with a report folder per index", () => {
      folder.standIn("npx");
      const indexes = Array.from({ length: job.spec.completions }, (_, index) => index);
      for (const index of indexes) {
        const environment = {
          JOB_COMPLETION_INDEX: String(index),
          JOB_COMPLETIONS: String(variables.JOB_COMPLETIONS?.value),
          RUN: "0a1b",
        };
        const { status, calls } = folder.run([...container.command, ...container.args], environment);
        expect({ status, calls }).to.deep.equal({
          status: 0,
          calls: [
            `npx --no amplitude-kinesis fleet up --yes --resume --part auto --run 0a1b --canary 1 --max-failures 5 --report /reports/0a1b/${index}`,
          ],
        });
        expect(parsePart("auto", environment)).to.deep.equal({ index, count: indexes.length });
      }
    });

    it("options that the command accepts, with the variables of an index, and rejects without the number of indexes", async () => {
      folder.standIn("npx");
      const { calls } = folder.run([...container.command, ...container.args], {
        RUN: "0a1b",
        JOB_COMPLETION_INDEX: "3",
      });
      const [, , , ...words] = (calls[0] ?? "").split(" ");
      const index = { JOB_COMPLETION_INDEX: "3" };
      const noProject = ["--cwd", folder.path];
      const accepted = await runInProcess([...words, ...noProject], {
        ...index,
        JOB_COMPLETIONS: String(variables.JOB_COMPLETIONS?.value),
      });
      expect(accepted.status).to.equal(2);
      expect(accepted.stderr).to.include("There is no Pulumi.yaml");
      const rejected = await runInProcess([...words, ...noProject], index);
      expect(rejected.stderr).to.include("JOB_COMPLETION_INDEX is set, but JOB_COMPLETIONS isn't");
    });

    it("with the exit status of the command, so that a wrong option isn't tried again", () => {
      folder.standIn("npx", "exit 2");
      expect(folder.run([...container.command, ...container.args], {}).status).to.equal(2);
    });
  });
});
