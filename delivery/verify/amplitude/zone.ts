/** Where Amplitude keeps the project's data; keys of one zone are unknown in the other. */
export type AmplitudeZone = "US" | "EU";

/** Source: https://amplitude.com/docs/apis/analytics/http-v2, "Regions"; the SDK has the same. */
export const ZONE_URLS: Record<AmplitudeZone, string> = {
  US: "https://api2.amplitude.com/2/httpapi",
  EU: "https://api.eu.amplitude.com/2/httpapi",
};
