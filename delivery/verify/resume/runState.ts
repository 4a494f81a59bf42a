import { SettingsError } from "../../common/errors";
import type { StackOutputs } from "../../common/outputs";
import { newRunKey, type RunKey, runKeyOf } from "../../common/runId";
import { Ledger } from "../ledger";
import { readRunFile, readRunHeader } from "./readRunFile";
import { Replay } from "./replay";
import { RunFile } from "./runFile";
import type { RunHeader } from "./runFileEntry";
import { makeRunFolder, runFilePath } from "./runFolder";
import { RunJournal } from "./runJournal";

export interface RunStateOptions {
  outputs: StackOutputs;
  /** Where the run's file is kept. Absent: the run has none, and can't be gone on with. */
  runFolder?: string | undefined;
  /** The id of a run to go on with, of which `runFolder` has the file. */
  resume?: string | undefined;
}

/** What is known of a run, by its file or since it began: its key, its ledger, and what is still to be sent. */
export class RunState {
  #journal: RunJournal | undefined;
  /** What this process would have tried again, though it may have been written. */
  readonly leftOpen = new Set<number>();

  private constructor(
    readonly key: RunKey,
    readonly ledger: Ledger,
    private readonly folder: string | undefined,
    /** Sent by an earlier process that did not get to end it: to be sent again. An attempt takes an event out. */
    readonly unsettled: Set<number>,
    /** Of the run that is gone on with. */
    readonly header?: RunHeader,
  ) {}

  /**
   * @throws DeliveryError `run-file` where a file can't be read, or its folder can't be made; SettingsError where the run
   * is of another deployment.
   */
  static async open({ outputs, runFolder, resume }: RunStateOptions): Promise<RunState> {
    if (resume === undefined) {
      if (runFolder !== undefined) makeRunFolder(runFolder);
      return new RunState(newRunKey(), new Ledger(), runFolder, new Set());
    }
    const path = runFilePath(folderOf(runFolder), resume);
    checkOutputs(await readRunHeader(path), outputs);
    const file = RunFile.reopen(path);
    try {
      return await RunState.#reopened(file, runFolder);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  static async #reopened(file: RunFile, folder: string | undefined): Promise<RunState> {
    const ledger = new Ledger();
    const replay = new Replay(ledger);
    const header = await readRunFile(file.path, (entry) => replay.take(entry));
    const state = new RunState(runKeyOf(header.runId), ledger, folder, replay.unsettled, header);
    state.#journal = new RunJournal(file);
    for (const index of replay.unanswered) {
      ledger.onAmbiguous(index);
      state.#journal.ambiguous(index);
    }
    return state;
  }

  /** Where the run's attempts and outcomes are written, from its first attempt on. */
  get journal(): RunJournal | undefined {
    return this.#journal;
  }

  /** @throws DeliveryError `run-file` where the file can't be made. */
  begin(header: Omit<RunHeader, "format" | "runId">): void {
    if (this.folder === undefined || this.#journal !== undefined) return;
    this.#journal = new RunJournal(
      RunFile.create(this.folder, { format: 1, runId: this.key.runId, ...header }),
    );
  }

  /** @param isOver nothing of it is left to find out: its file goes. */
  end(isOver: boolean): void {
    // What has turned up after all must not be sent once more.
    for (const index of this.leftOpen)
      if (this.ledger.hasSeen(index))
        this.#journal?.unanswered(index, "read back without an acknowledgement");
    this.#journal?.end(isOver);
  }
}

function folderOf(runFolder: string | undefined): string {
  if (runFolder === undefined)
    throw new SettingsError("`resume` needs the `runFolder` that has the run's file");
  return runFolder;
}

function checkOutputs(header: RunHeader, outputs: StackOutputs): void {
  const differing = (["roleArn", "region", "streamName"] as const).filter(
    (name) => header.outputs[name] !== outputs[name],
  );
  if (differing.length === 0) return;
  const list = differing.map((name) => `${name} ${header.outputs[name]}, not ${outputs[name]}`).join("; ");
  throw new SettingsError(`The run ${header.runId} is of another deployment: it has ${list}`);
}
