export { openExport } from "./exportReader";
export { type GeneratedSource, type GeneratorOptions, generateEvents } from "./generator";
export type { EventSource, SourceEvent, SourceProblem } from "./source";
