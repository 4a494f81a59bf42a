/**
 * The rules about imports, type imports included. `npm run check` applies them.
 *
 * A folder of `delivery/` or `sandbox/` imports only folders of a lower tier, so that no two folders import each other.
 */
const DELIVERY_TIERS = [
  ["common"],
  ["aws", "events"],
  ["kinesis"],
  ["deployment"],
  ["sending"],
  ["adopt", "check", "send", "watch", "verify", "reconcile", "handoff", "operatorPolicy"],
  ["fleet"],
  ["report"],
  ["cli"],
];
const SANDBOX_TIERS = [["process"], ["aws", "amplitude"], ["pulumi"]];

const forbid = (name, from, to) => ({ name, severity: "error", from, to });

function tierRules(root, tiers) {
  const withoutTier = `^${root}/(?!(${tiers.flat().join("|")})/)[^/]+/`;
  const rules = tiers.flatMap((folders, tier) =>
    folders.map((folder) => {
      const allowed = [folder, ...tiers.slice(0, tier).flat()].map((each) => `^${root}/${each}/`);
      return forbid(
        `${root}/${folder} imports lower tiers only`,
        { path: `^${root}/${folder}/` },
        { path: `^${root}/`, pathNot: allowed },
      );
    }),
  );
  return [forbid(`every folder of ${root} has a tier`, {}, { path: withoutTier }), ...rules];
}

module.exports = {
  forbidden: [
    ...tierRules("delivery", DELIVERY_TIERS),
    ...tierRules("sandbox", SANDBOX_TIERS),
    forbid("files import each other in no cycle", {}, { circular: true }),
    forbid(
      "delivery knows the stack's outputs and components/contract, nothing else of the component",
      { path: "^delivery/" },
      { path: "^(components|sandbox)/", pathNot: "^components/contract\\.ts$" },
    ),
    forbid(
      "only delivery/fleet knows Pulumi: its Automation API, which it loads when it runs",
      { path: "^delivery/", pathNot: "^delivery/fleet/" },
      { path: "node_modules/@pulumi/" },
    ),
    forbid(
      "the component knows neither delivery nor the sandbox",
      { path: "^(components/|index\\.ts$)" },
      { path: "^(delivery|sandbox)/" },
    ),
    forbid(
      "the component imports folders of @pulumi/aws, because the whole package costs seconds",
      { path: "^(components/|index\\.ts$)" },
      { path: "node_modules/@pulumi/aws/index\\." },
    ),
    forbid(
      "the component requires @pulumi/aws/cloudwatch and /pipes only when a stack needs them, because loading costs time",
      { path: "^(components/|index\\.ts$)" },
      {
        path: "node_modules/@pulumi/aws/(cloudwatch|pipes)/",
        dependencyTypesNot: ["type-only", "type-import", "require"],
      },
    ),
    forbid(
      "provisioning requires Pulumi's SDK only when the engine runs, because loading costs 0.4 seconds of CPU time",
      { path: "^sandbox/(?!pulumi/(provider/|provisioning/inProcessWorker))" },
      {
        path: "node_modules/@pulumi/pulumi/(?!automation/cmd)",
        dependencyTypesNot: ["type-only", "type-import", "require"],
      },
    ),
    forbid(
      "an oracle shares no code with the code that it judges",
      {
        path: "^(sandbox|test/campaign/(faults|memoryKinesis))/",
        pathNot: "^sandbox/(main\\.ts|onboarding\\.ts|pulumi/provisioning/)|\\.test\\.ts$",
      },
      { path: "^(delivery|components)/" },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    includeOnly: "^(index\\.ts|components|delivery|sandbox|test/campaign)|node_modules/@pulumi/",
  },
};
