export type { AmplitudeRouteOptions } from "./options";

export { verifyThroughAmplitude } from "./verifyThroughAmplitude";
export type { AmplitudeZone } from "./zone";
