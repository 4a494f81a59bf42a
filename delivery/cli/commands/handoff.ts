import { Command, Option } from "commander";
import { jsonText } from "../../common/text";
import { type Handoff, handoffOf } from "../../handoff";
import { handoffHtml, handoffMarkdown, handoffText } from "../../handoff/text";
import { withHelpText } from "../options/arguments";
import { type DeploymentFlags, outputsFrom, withDeploymentOptions } from "../options/deployment";
import { print, styled } from "../terminal/output";

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
    .addOption(new Option("--json", "print one JSON document"))
    .addOption(new Option("--markdown", "print Markdown, for a ticket or a pull request").conflicts("json"))
    .addOption(
      new Option(
        "--html",
        "print one HTML page with copy buttons, for the person who sets up Amplitude",
      ).conflicts(["json", "markdown"]),
    )
    .action(async (flags: HandoffFlags) => {
      print(render(handoffOf(await outputsFrom(flags)), flags));
    });
  return withHelpText(command, HELP);
}

function render(handoff: Handoff, { json, markdown, html }: HandoffFlags): string {
  if (json) return jsonText(handoff);
  if (html) return handoffHtml(handoff);
  return markdown ? handoffMarkdown(handoff) : styled(handoffText(handoff), process.stdout);
}
