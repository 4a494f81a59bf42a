export type { AmplitudeRouteOptions } from "./options";

export { verifyThroughAmplitude } from "./run";
export type { AmplitudeZone } from "./zone";
