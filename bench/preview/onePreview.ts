/**
 * Runs one `pulumi preview` of a program on a fresh stack, in a separate process, as a user does. The time includes loading
 * the program and its imports. Prints the milliseconds and the number of resources to create.
 */
import { createStack } from "../../sandbox/pulumi/provisioning/engine";
import { findPulumiCli } from "../../sandbox/pulumi/provisioning/pulumiCli";

async function main([folder = "", aws = "", stackName = "", program = ""]: string[]): Promise<void> {
  const cli = await findPulumiCli(folder);
  if (cli === undefined) throw new Error("no pulumi command is on the PATH");
  const stack = await createStack({ folder, aws: JSON.parse(aws), stackName, program }, cli);
  const start = performance.now();
  const { changeSummary } = await stack.preview();
  console.log(JSON.stringify({ ms: performance.now() - start, created: changeSummary.create }));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
