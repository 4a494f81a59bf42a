import { homedir } from "node:os";
import type { Option } from "commander";
import schema from "../package/schema.json";
import { COMMANDS, optionsOf } from "./commandTree";

/** A part of a document that is made, and held to what it is made of. It stands between comments that name it. */
export interface GeneratedPart {
  document: string;
  name: string;
  content: string;
}

const TOKEN = "amplitude-kinesis:index:AmplitudeKinesisDestination";
const COMPONENT = schema.resources[TOKEN];
/** Which deployment: said once, since most commands have them. */
const DEPLOYMENT = ["--stack", "--cwd", "--outputs", "--role-arn", "--region", "--stream-name"];

export function generatedParts(): GeneratedPart[] {
  const ofCommands = COMMANDS.map((command) => ({
    document: "docs/commands.md",
    name: `options of ${command.name()}`,
    content: optionTable(ownOptions(command.name())),
  }));
  const inputs = Object.entries<Property>(COMPONENT.inputProperties);
  const alarms = Object.entries<Property>(schema.types["amplitude-kinesis:index:DeliveryAlarms"].properties);
  const component = (name: string, content: string) => ({ document: "docs/component.md", name, content });
  return [
    ...ofCommands,
    {
      document: "docs/commands.md",
      name: "options of the deployment",
      content: optionTable(deploymentOptions()),
    },
    component("inputs", propertyTable(["input", "type"], inputs)),
    component("inputs of the alarms", propertyTable(["input", "type"], alarms)),
    component("outputs", propertyTable(["output", "type"], Object.entries<Property>(COMPONENT.properties))),
  ];
}

/** The document with its parts as they have to be. */
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

/** Without those of the deployment, where they are the same. */
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

/** A property of the schema, as far as it is shown. */
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

/** `at once`: a value that is no output of another resource. */
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
