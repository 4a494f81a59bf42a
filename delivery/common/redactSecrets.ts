/** Shortest value that is redacted by default. Emulators accept secrets such as `test`, which occur in any text. */
const MIN_SECRET_LENGTH = 16;
const REDACTED = "[redacted]";

/** Credentials that this process knows, and the expressions that find them. */
const known = new Map<string, RegExp>();

/** Makes `redactSecrets` replace these values from now on. Values below `minLength` characters are ignored. */
export function registerSecrets(values: (string | undefined)[], minLength = MIN_SECRET_LENGTH): void {
  for (const value of values) {
    if (value !== undefined && value.length >= minLength && !known.has(value)) {
      known.set(value, occurrences(value));
    }
  }
}

/** Registers the values of environment variables whose names say that they hold credentials. */
export function registerEnvironment(env: NodeJS.ProcessEnv): void {
  const isSecret = /(ACCESS_KEY|ACCESS_KEY_ID|TOKEN|SECRET|SECRET_KEY|PASSWORD|PASSPHRASE|API_KEY)$/i;
  registerSecrets(Object.keys(env).map((name) => (isSecret.test(name) ? env[name] : undefined)));
}

/**
 * Replaces every registered credential by `[redacted]`: plain, percent-encoded, escaped as in JSON, HTML or XML (each also
 * twice), in base64, also as part of a longer text, and in hexadecimal.
 */
export function redactSecrets(text: string): string {
  let redacted = text;
  for (const expression of known.values()) redacted = redacted.replace(expression, REDACTED);
  return redacted;
}

function occurrences(secret: string): RegExp {
  const escaped = Array.from(secret, anyForm).join("");
  const hexadecimal = Array.from(Buffer.from(secret), (byte) => anyCase(hex(byte))).join("[ :]?");
  return new RegExp([escaped, hexadecimal, ...base64Forms(secret)].join("|"), "g");
}

/** Returns an expression for a character however it is escaped. The repetitions are bounded, so that matching stays linear. */
function anyForm(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (/[a-z0-9]/i.test(character)) return character;
  const bytes = Array.from(Buffer.from(character), (byte) => `%(?:25){0,2}${anyCase(hex(byte))}`);
  const names = ENTITIES[character] === undefined ? "" : `|${ENTITIES[character]}`;
  const forms = [
    `\\\\{0,3}${literal(character)}`,
    bytes.join(""),
    `\\\\{1,3}u${anyCase(code.toString(16).padStart(4, "0"))}`,
    `&(?:amp;){0,2}(?:#0{0,4}${code};|#[xX]0{0,4}${anyCase(code.toString(16))};${names})`,
  ];
  return `(?:${forms.join("|")}${character === " " ? "|\\+" : ""})`;
}

const ENTITIES: Record<string, string> = { "&": "amp;", "<": "lt;", ">": "gt;", '"': "quot;", "'": "apos;" };

/**
 * Returns the base64 forms of the secret for each position at which it can start in an encoded text. The first and last
 * characters depend on the text around the secret, so they are left out.
 */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    const encoded = bytes
      .toString("base64")
      .slice(Math.ceil((offset * 4) / 3), Math.floor((bytes.length * 4) / 3));
    return Array.from(encoded, (character) =>
      character === "+" ? "(?:[-+]|%2[bB])" : character === "/" ? "(?:[_/]|\\\\/|%2[fF])" : character,
    ).join("");
  });
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function anyCase(digits: string): string {
  return digits.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
