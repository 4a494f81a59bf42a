import { Command, Option } from "commander";
import { type Handoff, handoffOf } from "../../handoff";
import { handoffHtml, handoffMarkdown, handoffText } from "../../handoff/text";
import { type DeploymentFlags, outputsFrom, withDeploymentOptions } from "../options/deployment";
import { withHelpText } from "../options/helpText";
import { styled } from "../terminal/styled";

interface HandoffFlags extends DeploymentFlags {
  json?: true;
  markdown?: true;
  html?: true;
}

const HELP = {
  examples: [
    "amplitude-kinesis handoff --stack acme",
    "amplitude-kinesis handoff --stack acme --html > acme.html",
    "pulumi stack output --json | amplitude-kinesis handoff --outputs - --markdown",
  ],
  notes: [
    "Exit status: 0, or 2 for wrong usage or settings. AWS is not called; use check to verify the values.",
  ],
};

export function handoffCommand(): Command {
  const command = withDeploymentOptions(new Command("handoff"))
    .description("print the values for Amplitude's form, and the steps to take there")
    .addOption(new Option("--json", "print one JSON document").conflicts(["markdown", "html"]))
    .addOption(
      new Option("--markdown", "print Markdown, for a ticket or a pull request").conflicts(["json", "html"]),
    )
    .addOption(
      new Option(
        "--html",
        "print one HTML page with copy buttons, for the person who sets up Amplitude",
      ).conflicts(["json", "markdown"]),
    )
    .action(async (flags: HandoffFlags) => {
      process.stdout.write(`${render(handoffOf(await outputsFrom(flags)), flags).trimEnd()}\n`);
    });
  return withHelpText(command, HELP);
}

function render(handoff: Handoff, { json, markdown, html }: HandoffFlags): string {
  if (json) return JSON.stringify(handoff, undefined, 2);
  if (html) return handoffHtml(handoff);
  return markdown ? handoffMarkdown(handoff) : styled(handoffText(handoff), process.stdout);
}
