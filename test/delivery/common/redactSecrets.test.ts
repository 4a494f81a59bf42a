import { expect } from "chai";
import { redactSecrets, registerEnvironment, registerSecrets } from "../../../delivery/common/redactSecrets";

const SECRET = `wJalrXUtn/FEMI+K7M=DENG&"<b>' x\\y`;
registerSecrets([SECRET]);

const escapedAsJson = (text: string) => JSON.stringify(text).slice(1, -1);
const escapedAsHtml = (text: string) =>
  text.replace(/[&<>"']/g, (each) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot" }[each] ?? "#39"};`);
const lowercased = (text: string) => text.replace(/%../g, (each) => each.toLowerCase());
const allAs = (form: (code: number) => string) =>
  SECRET.replace(/[^a-z0-9]/gi, (each) => form(each.charCodeAt(0)));

describe("A registered secret", () => {
  const forms: [form: string, text: string][] = [
    ["plain", SECRET],
    ["percent-encoded", encodeURIComponent(SECRET)],
    ["percent-encoded in lower case", lowercased(encodeURIComponent(SECRET))],
    ["percent-encoded twice", encodeURIComponent(encodeURIComponent(SECRET))],
    ["as a form's field", new URLSearchParams({ secret: SECRET }).toString().slice("secret=".length)],
    ["in JSON", escapedAsJson(SECRET)],
    ["in JSON within JSON", escapedAsJson(escapedAsJson(SECRET))],
    ["in JSON with escaped slashes", escapedAsJson(SECRET).replaceAll("/", "\\/")],
    ["in JSON as code points", allAs((code) => `\\u${code.toString(16).padStart(4, "0")}`)],
    ["in HTML", escapedAsHtml(SECRET)],
    ["in HTML within XML", escapedAsHtml(escapedAsHtml(SECRET))],
    ["as decimal entities", allAs((code) => `&#${code};`)],
    ["as hexadecimal entities", allAs((code) => `&#x${code.toString(16).toUpperCase()};`)],
    ["in hexadecimal", Buffer.from(SECRET).toString("hex").toUpperCase()],
    ["as spaced bytes", Array.from(Buffer.from(SECRET), (byte) => byte.toString(16)).join(" ")],
  ];
  for (const [form, text] of forms) {
    it(`is redacted ${form}`, () => {
      expect(redactSecrets(`a ${text} b`)).to.equal("a [redacted] b");
    });
  }

  for (const before of ["", "u", "us", "user:"]) {
    for (const encoding of ["base64", "base64url"] as const) {
      it(`is redacted in ${encoding}, after "${before}"`, () => {
        const encoded = Buffer.from(`${before}${SECRET}; more`).toString(encoding);
        const redacted = redactSecrets(encoded);
        expect(redacted).to.include("[redacted]");
        const rest = Buffer.from(redacted.replace("[redacted]", ""), encoding).toString("latin1");
        expect(rest).not.to.match(/wJal|DENG/);
      });
    }
  }

  it("is redacted wherever it occurs", () => {
    expect(redactSecrets(`${SECRET}${SECRET} ${SECRET}`)).to.equal("[redacted][redacted] [redacted]");
  });

  it("leaves other text as it is", () => {
    const text = `${SECRET.slice(1)} wJalrXUtn %2F é \u{1f600}`;
    expect(redactSecrets(text)).to.equal(text);
  });

  it("is found in linear time, whatever the text repeats", () => {
    registerSecrets([`/&${"x".repeat(20)}`, `  ${"a".repeat(1_000)}b`]);
    for (const piece of ["\\", "%25", "&amp;", "a", "/&", " ", "2f "]) {
      const started = process.cpuUsage();
      redactSecrets(piece.repeat(200_000));
      expect(process.cpuUsage(started).user, piece).to.be.lessThan(1_000_000);
    }
  });

  it("is any variable of the environment that is named like a credential, if it is long enough", () => {
    registerEnvironment({
      AWS_SECRET_ACCESS_KEY: "test",
      AMPLITUDE_API_KEY: "0123456789abcdef-planted",
      AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/secrets/of-this-pod",
    });
    const text = "test 0123456789abcdef-planted /var/run/secrets/of-this-pod";
    expect(redactSecrets(text)).to.equal("test [redacted] /var/run/secrets/of-this-pod");
  });
});
