export type { AmplitudeRouteOptions } from "./options";
export type { AmplitudeZone } from "./sender";
export { verifyThroughAmplitude } from "./verifyThroughAmplitude";
