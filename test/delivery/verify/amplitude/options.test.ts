import { expect } from "chai";
import { endpointUrl } from "../../../../delivery/common/amplitudeApi";
import { SettingsError } from "../../../../delivery/common/errors";
import {
  type AmplitudeRouteOptions,
  settingsFrom,
  ZONE_URLS,
} from "../../../../delivery/verify/amplitude/options";

const outputs = { roleArn: "arn:aws:iam::111122223333:role/r", region: "us-east-1", streamName: "s" };
const PLANTED = "planted-key-0123456789";

describe("the options of the route through Amplitude", () => {
  const wrong: [what: string, options: Partial<AmplitudeRouteOptions>, says: RegExp][] = [
    ["no key", { apiKey: "" }, /API key is invalid/],
    ["a key with a blank", { apiKey: `${PLANTED} x` }, /API key is invalid/],
    ["a key with a line break", { apiKey: `${PLANTED}\n` }, /API key is invalid/],
    ["no events", { events: 0 }, /from 1 to 10000/],
    ["too many events", { events: 10_001 }, /charged/],
    ["a part of an event", { events: 1.5 }, /integer from 1/],
    ["no event type", { eventTypes: [] }, /isn't an event type/],
    ["a blank event type", { eventTypes: ["a", " "] }, /isn't an event type/],
    ["an event type of Amplitude's own", { eventTypes: ["$identify"] }, /"\$identify" isn't an event type/],
    ["no URL", { url: "amplitude" }, /URL is invalid/],
    ["another protocol", { url: "ftp://127.0.0.1/2/httpapi" }, /URL is invalid/],
    [
      "a URL that shows the key to the network",
      { url: "http://api2.amplitude.com/2/httpapi" },
      /unencrypted/,
    ],
    ["a password in the URL", { url: `https://user:${PLANTED}@amplitude.com` }, /a password or a query/],
    ["a query in the URL", { url: `https://amplitude.com/?api_key=${PLANTED}` }, /a query/],
  ];
  for (const [what, options, says] of wrong) {
    it(`reject ${what}, without naming the key`, () => {
      const check = () => settingsFrom({ outputs, apiKey: PLANTED, ...options });
      expect(check).to.throw(SettingsError, says);
      expect(check).not.to.throw(PLANTED);
    });
  }

  const urls: [given: string | undefined, used: string | undefined][] = [
    [undefined, undefined],
    ["https://api.eu.amplitude.com/2/httpapi", "https://api.eu.amplitude.com/2/httpapi"],
    ["https://proxy.example.com", "https://proxy.example.com/2/httpapi"],
    ["http://127.0.0.1:8000/batch", "http://127.0.0.1:8000/batch"],
    ["http://localhost:8000", "http://localhost:8000/2/httpapi"],
    ["http://[::1]:8000/", "http://[::1]:8000/2/httpapi"],
  ];
  for (const [given, used] of urls) {
    it(`send to ${used ?? "the zone's own URL"} for ${given ?? "none"}`, () => {
      expect(endpointUrl(given, ZONE_URLS.US)).to.equal(used);
    });
  }
});
