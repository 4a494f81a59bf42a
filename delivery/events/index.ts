export { openExport } from "./export/exportReader";
export { type GeneratedSource, type GeneratorOptions, generateEvents } from "./generator/generator";
export type { EventSource, SourceEvent, SourceProblem } from "./source";
