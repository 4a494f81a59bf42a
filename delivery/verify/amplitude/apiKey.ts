import { SettingsError } from "../../common/errors";

/**
 * Amplitude's keys are 32 hexadecimal digits today, which is documented nowhere; what could not be part of a line of
 * JSON or of a shell is a slip of the hand.
 *
 * @throws SettingsError for what can't be a key; the message does not quote it.
 */
export function checkApiKey(apiKey: string): void {
  if (/^[\x21-\x7e]{8,200}$/.test(apiKey)) return;
  throw new SettingsError(
    "The Amplitude API key can't be one: it is 8 to 200 characters without blanks. Copy it from the project's settings in Amplitude (Settings > Projects > the project > General)",
  );
}

/** Amplitude's answers quote the key, and nothing that is printed may. */
export function withoutKey(text: string, apiKey: string): string {
  return text.replaceAll(apiKey, "[API key]");
}
