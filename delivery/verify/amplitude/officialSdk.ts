/** Amplitude's own SDK, loaded with its first use: no other route needs it. */
export const officialSdk = (): typeof import("@amplitude/analytics-node") =>
  require("@amplitude/analytics-node");
