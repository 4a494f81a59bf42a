import { homedir } from "node:os";
import type { Option } from "commander";
import { needsOf, type Target, type Task } from "../../delivery/deployment/iam/actions";
import schema from "../package/schema.json";
import { COMMANDS, optionsOf } from "./commandTree";

/** A generated part of a document, between comments that name it. A test compares it with its source. */
export interface GeneratedPart {
  document: string;
  name: string;
  content: string;
}

const TOKEN = "amplitude-kinesis:index:AmplitudeKinesisDestination";
const COMPONENT = schema.resources[TOKEN];
/** Options that select the deployment. They are documented once, because most commands take them. */
const DEPLOYMENT = ["--stack", "--cwd", "--outputs", "--output", "--role-arn", "--region", "--stream-name"];

export function generatedParts(): GeneratedPart[] {
  const ofCommands = COMMANDS.map((command) => ({
    document: "docs/commands.md",
    name: `options of ${command.name()}`,
    content: optionTable(ownOptions(command.name())),
  }));
  const inputs = Object.entries<Property>(COMPONENT.inputProperties);
  const alarms = Object.entries<Property>(schema.types["amplitude-kinesis:index:DeliveryAlarms"].properties);
  const guard = Object.entries<Property>(schema.types["amplitude-kinesis:index:StreamGuard"].properties);
  const adopted = Object.entries<Property>(
    schema.types["amplitude-kinesis:index:AdoptedResources"].properties,
  );
  const component = (name: string, content: string) => ({ document: "docs/component.md", name, content });
  return [
    ...ofCommands,
    {
      document: "docs/commands.md",
      name: "options of the deployment",
      content: optionTable(deploymentOptions()),
    },
    { document: "docs/permissions.md", name: "actions of the tasks", content: actionTable() },
    component("inputs", propertyTable(["input", "type"], inputs)),
    component("inputs of the alarms", propertyTable(["input", "type"], alarms)),
    component("inputs of the guard", propertyTable(["input", "type"], guard)),
    component("inputs of adopt", propertyTable(["input", "type"], adopted)),
    component("outputs", propertyTable(["output", "type"], Object.entries<Property>(COMPONENT.properties))),
  ];
}

/** Returns the document with its generated parts up to date. */
export function withGenerated(document: string, text: string): string {
  return generatedParts()
    .filter((part) => part.document === document)
    .reduce((whole, { name, content }) => {
      const between = new RegExp(`(<!-- made: ${name} -->)[\\s\\S]*?(<!-- /made -->)`);
      return whole.replace(between, (_, begin, end) => `${begin}\n\n${content}\n\n${end}`);
    }, text);
}

function deploymentOptions(): Option[] {
  return optionsOf("check").filter(({ long }) => DEPLOYMENT.includes(long ?? ""));
}

/** Returns the options without those that select the deployment, if they are the same. */
function ownOptions(name: string): Option[] {
  const shared = new Map(deploymentOptions().map(({ flags, description }) => [flags, description]));
  return optionsOf(name).filter(({ flags, description }) => shared.get(flags) !== description);
}

function optionTable(options: readonly Option[]): string {
  if (options.length === 0) return "It has no options.";
  const rows = options.map((option) => [`\`${cell(option.flags)}\``, optionText(option)]);
  return table(["option", ""], rows);
}

function optionText({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const choices =
    argChoices === undefined ? "" : `; one of ${argChoices.map((each) => `\`${each}\``).join(", ")}`;
  const value = defaultValueDescription ?? defaultValue;
  const byDefault = value === undefined || value === true ? "" : `. Default: ${String(value)}`;
  return cell(`${description}${choices}${byDefault}`.replaceAll(homedir(), "~"));
}

/** Tasks as options of `operator-policy`. `up` needs too many actions for a table. */
const TASK_OPTIONS: [Task, string][] = [
  ["check", "check"],
  ["verify-role", "verify --route role"],
  ["verify-operator", "verify --route operator"],
  ["send-role", "send --route role"],
  ["send-operator", "send --route operator"],
  ["watch", "watch"],
  ["reconcile", "reconcile"],
  ["backfill", "backfill"],
  ["adopt", "adopt"],
];
const RESOURCES: [name: string, targets: Target[]][] = [
  ["the stream", ["Stream"]],
  ["the role", ["Role"]],
  ["any policy", ["AnyPolicy"]],
  ["any metric", ["AnyMetric"]],
  ["the guard's pipe", ["GuardPipe"]],
  ["the guard's log group", ["GuardLog"]],
  ["the key", ["Key", "KeyThroughKinesis"]],
];

/** Returns one row per task and resource. Only the first row of a task names it. */
function actionTable(): string {
  const rows = TASK_OPTIONS.flatMap(([task, option]) => {
    const needs = needsOf([task]);
    const ofTask = RESOURCES.map(
      ([name, targets]) => [name, targets.flatMap((each) => needs[each] ?? [])] as const,
    );
    return ofTask
      .filter(([, actions]) => actions.length > 0)
      .map(([name, actions], index) => [
        index === 0 ? `\`${option}\`` : "",
        name,
        actions.map((action) => `\`${action.replace("kinesis:", "")}\``).join(", "),
      ]);
  });
  return table(["`--for`", "on", "actions; those on the stream are Kinesis's"], rows);
}

/** The shown part of a property of the schema. */
interface Property {
  description: string;
  type?: string;
  $ref?: string;
  plain?: boolean;
  items?: { type?: string };
}

function propertyTable([what, type]: [string, string], properties: [string, Property][]): string {
  const rows = properties.map(([name, property]) => [
    `\`${name}\``,
    typeText(property),
    cell(property.description.replaceAll(/\s*\n\s*/g, " ")),
  ]);
  return table([what, type, ""], rows);
}

/** `at once`: a value that is not an output of another resource. */
function typeText({ type, $ref, items, plain }: Property): string {
  const name =
    $ref?.split(":").at(-1) ??
    (type === "array" ? `${items?.type}[]` : type === "object" ? "map of strings" : type);
  return plain === true ? `${name}, known at once` : (name ?? "");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
