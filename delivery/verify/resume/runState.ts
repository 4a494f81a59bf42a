import { existsSync } from "node:fs";
import { DeliveryError, SettingsError } from "../../common/errors";
import type { StackOutputs } from "../../common/outputs";
import { type Part, partText } from "../../common/part";
import { type RunKey, runKeyOf, startedRunKey } from "../../common/runId";
import type { RecordEnd } from "../../kinesis/producer";
import type { SenderOptions } from "../../sending/deployment";
import { HASH_BYTES, Ledger } from "../ledger";
import {
  type AttemptEntry,
  inRanges,
  makeRunFolder,
  type OutcomeEntry,
  type Ranges,
  type RunFileEntry,
  type RunHeader,
  readRunFile,
  readRunHeader,
  runFilePath,
} from "./runFile";
import { RunFile, RunJournal } from "./runJournal";

export interface RunStateOptions extends Pick<SenderOptions, "outputs" | "runId" | "part"> {
  /** Folder of the run file. Without it, the run has no file and can't be resumed. */
  runFolder?: string | undefined;
  /** Id of the run to resume, whose file is in `runFolder`. */
  resume?: string | undefined;
}

/** State of a run, new or restored from its file: its key, its ledger, and the events that are still to be sent. */
export class RunState {
  #journal: RunJournal | undefined;
  /** Events that this process would have retried, and that may have been written. */
  readonly leftOpen = new Set<number>();

  private constructor(
    readonly key: RunKey,
    readonly ledger: Ledger,
    private readonly folder: string | undefined,
    /** Events that an earlier process attempted without an outcome, and that are sent again. An attempt removes an event. */
    readonly unsettled: Set<number>,
    readonly part: Part | undefined,
    /** Header of the resumed run. */
    readonly header?: RunHeader,
  ) {}

  /**
   * @throws DeliveryError `run-file` if the file can't be read, or its folder can't be created.
   * @throws SettingsError if the run belongs to another deployment, or the file to another part, or if `part` has no run.
   */
  static async open(options: RunStateOptions): Promise<RunState> {
    const { outputs, runFolder, resume, runId, part } = options;
    if (resume === undefined) {
      const key = startedRunKey(options);
      if (runFolder !== undefined) prepareFolder(runFolder, runId, part);
      return new RunState(key, new Ledger(), runFolder, new Set(), part);
    }
    const path = runFilePath(folderOf(runFolder), resume, part);
    const header = await readRunHeader(path);
    checkOutputs(header, outputs);
    checkPart(header, part, path);
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
    const { runId, part } = header;
    const state = new RunState(runKeyOf(runId, part), ledger, folder, replay.unsettled, part, header);
    state.#journal = new RunJournal(file);
    for (const index of replay.unanswered) {
      ledger.onAmbiguous(index);
      state.#journal.ambiguous(index);
    }
    return state;
  }

  /** Journal of attempts and outcomes; undefined before the first attempt, and without a run folder. */
  get journal(): RunJournal | undefined {
    return this.#journal;
  }

  /** @throws DeliveryError `run-file` if the file can't be created. */
  begin(header: Omit<RunHeader, "format" | "runId" | "part">): void {
    const { folder, part } = this;
    if (folder === undefined || this.#journal !== undefined) return;
    const { runId } = this.key;
    this.#journal = new RunJournal(
      RunFile.create(folder, { format: 2, runId, ...(part && { part }), ...header }),
    );
  }

  /** @param isOver Whether the run is decided, and its file can be removed. */
  end(isOver: boolean): void {
    // A resumed run must not send again what was read back.
    for (const index of this.leftOpen) if (this.ledger.hasSeen(index)) this.#journal?.ended(index, READ_BACK);
    this.#journal?.end(isOver);
  }
}

const READ_BACK: RecordEnd = {
  kind: "unanswered",
  reason: { code: "read-back", detail: "read back without an acknowledgement" },
};

function folderOf(runFolder: string | undefined): string {
  if (runFolder === undefined)
    throw new SettingsError("`resume` requires the `runFolder` that contains the run file");
  return runFolder;
}

function prepareFolder(folder: string, runId: string | undefined, part: Part | undefined): void {
  makeRunFolder(folder);
  if (runId === undefined) return;
  const path = runFilePath(folder, runId, part);
  if (!existsSync(path)) return;
  const options = part === undefined ? runId : `${runId} --part ${partText(part)}`;
  throw new DeliveryError(
    "run-file",
    `Can't start run ${runId}, because ${path} is of an earlier process. Resume it with --resume ${options}, or start a run with another id`,
  );
}

function checkPart({ runId, part: own }: RunHeader, part: Part | undefined, path: string): void {
  if (own?.index === part?.index && own?.count === part?.count) return;
  const [theirs, asked] = [own, part].map((each) => (each ? `part ${partText(each)}` : "the whole"));
  throw new SettingsError(`${path} belongs to ${theirs} of run ${runId}, not to ${asked}`);
}

function checkOutputs(header: RunHeader, outputs: StackOutputs): void {
  const differing = (["roleArn", "region", "streamName"] as const).filter(
    (name) => header.outputs[name] !== outputs[name],
  );
  if (differing.length === 0) return;
  const list = differing.map((name) => `${name} ${header.outputs[name]}, not ${outputs[name]}`).join("; ");
  throw new SettingsError(`Run ${header.runId} belongs to another deployment: it has ${list}`);
}

/**
 * Enters into a ledger what an earlier process did. Times are left out, because latencies that include the pause between
 * the two processes say nothing about the stream.
 */
export class Replay {
  /** Events that were attempted without an outcome, and that are sent again. */
  readonly unsettled = new Set<number>();
  /** Those of them whose last attempt may have been carried out, which no line says yet. */
  readonly unanswered = new Set<number>();

  constructor(private readonly ledger: Ledger) {}

  take(entry: RunFileEntry): void {
    if (entry.kind === "attempt") this.#attempt(entry);
    else this.#outcome(entry);
  }

  #attempt({ events, hashes }: AttemptEntry): void {
    const hashed = Buffer.from(hashes, "base64");
    let at = 0;
    for (const index of inRanges(events)) {
      if (!this.ledger.isSent(index)) {
        this.ledger.enter(index, hashed.subarray(at, at + HASH_BYTES));
        this.ledger.onAttempt(index, Number.NaN);
        at += HASH_BYTES;
      }
      this.unsettled.add(index);
      this.unanswered.add(index);
    }
  }

  #outcome({
    acknowledged = [],
    ambiguous = [],
    refused = [],
    unanswered = [],
    abandoned = [],
  }: OutcomeEntry) {
    for (const index of inRanges(ambiguous)) {
      this.ledger.onAmbiguous(index);
      this.unanswered.delete(index);
    }
    // They were not written, and are now retried.
    for (const index of inRanges(abandoned)) this.unanswered.delete(index);
    this.#settle(acknowledged, (shardId) => ({ kind: "acknowledged", shardId }));
    this.#settle(unanswered, (reason) => ({ kind: "unanswered", reason }));
    this.#settle(refused, (reason) => ({ kind: "refused", reason }));
  }

  #settle<What>(groups: [What, Ranges][], endOf: (what: What) => RecordEnd): void {
    for (const [what, ranges] of groups) {
      const end = endOf(what);
      for (const index of inRanges(ranges)) {
        // An event that is too large for any request is refused without an attempt.
        if (end.kind === "refused" && !this.ledger.isSent(index)) this.ledger.enter(index, NO_HASH);
        this.ledger.onEnd(index, end);
        this.unsettled.delete(index);
        this.unanswered.delete(index);
      }
    }
  }
}

const NO_HASH = Buffer.alloc(HASH_BYTES);
