import { createInterface as createEditor } from "node:readline";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { MfaCode } from "../../aws/profile";
import { SettingsError } from "../../common/errors";
import type { RunLoad } from "../../sending/deployment";

/** Streams that a question is asked on. */
export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Asks whether a load may be put on the stream. Ctrl-C, Ctrl-D, the signal and a missing terminal mean no.
 *
 * @param terminal Default: standard input and standard error.
 */
export async function confirmLoad(
  { rate, eventBytes, openShards, share }: RunLoad,
  signal: AbortSignal,
  terminal?: Terminal,
): Promise<boolean> {
  const shards = openShards === 1 ? "only shard" : `${openShards} shards`;
  const load = `${rate} events/s of ${Math.round(eventBytes)} bytes use ${Math.ceil(share * 100)}% of the write capacity of the stream's ${shards}. Its other writers may be throttled. Send them?`;
  return askConsent(load, signal, terminal);
}

/**
 * Asks a question whose answer is yes or no. Ctrl-C, Ctrl-D, the signal and a missing terminal mean no.
 *
 * @param terminal Default: standard input and standard error.
 */
export async function askConsent(
  question: string,
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<boolean> {
  if (!input.isTTY || !output.isTTY) return false;
  const terminal = createInterface({ input, output });
  try {
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    const answer = terminal.question(`\n${question} [y/N] `, { signal }).catch(emptyIfAborted);
    return /^y(es)?$/i.test((await Promise.race([answer, closed])).trim());
  } finally {
    terminal.close();
  }
}

/** Ctrl-C and the signal abort the question. */
function emptyIfAborted(error: unknown): string {
  if (error instanceof Error && error.name === "AbortError") return "";
  throw error;
}

/** A question whose answer is not echoed. */
export interface SecretPrompt {
  question: string;
  input: NodeJS.ReadStream;
  output: NodeJS.WritableStream;
}

/**
 * Asks for a secret on a terminal, and restores the terminal.
 *
 * @throws SettingsError if the question is not answered (Ctrl-C, Ctrl-D).
 */
export async function askSecret({ question, input, output }: SecretPrompt): Promise<string> {
  // The line editor echoes the input to its output.
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
  const editor = createEditor({ input, output: discard, terminal: true, historySize: 0 });
  output.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      editor.once("line", resolve);
      editor.once("close", () => reject(new SettingsError("No answer was given, and nothing was sent")));
    });
  } finally {
    editor.close();
    output.write("\n");
  }
}

/** Returns a secret from the environment, or asks for it. Undefined without a terminal. */
export async function resolveSecret(variable: string, question: string): Promise<string | undefined> {
  const { stdin: input, stderr: output, env } = process;
  if (env[variable]) return env[variable];
  return input.isTTY && output.isTTY ? askSecret({ question, input, output }) : undefined;
}

/**
 * Returns the function that asks for the code of an MFA device, or undefined without a terminal.
 *
 * @param beforeAsking Called before each question, to stop a display on the same terminal.
 */
export function mfaPrompt(
  beforeAsking: () => void,
  { stdin: input, stderr: output }: Pick<NodeJS.Process, "stdin" | "stderr"> = process,
): MfaCode | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return async (serialNumber) => {
    beforeAsking();
    const question = `\nCode of the MFA device ${serialNumber} (hidden): `;
    return (await askSecret({ question, input, output })).trim();
  };
}
