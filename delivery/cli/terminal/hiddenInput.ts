import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { SettingsError } from "../../common/errors";

/** What a secret is asked on. */
export interface SecretPrompt {
  question: string;
  input: NodeJS.ReadStream;
  /** Nothing of what is typed is shown on it. */
  output: NodeJS.WritableStream;
}

/**
 * Asks for a secret on a terminal, and leaves the terminal as it was.
 *
 * @throws SettingsError where the question is left unanswered (Ctrl-C, Ctrl-D).
 */
export async function askSecret({ question, input, output }: SecretPrompt): Promise<string> {
  // The line editor echoes what is typed to its output.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const editor = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
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
