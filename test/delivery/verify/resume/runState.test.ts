import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { Ledger } from "../../../../delivery/verify/ledger";
import { readRunFile } from "../../../../delivery/verify/resume/runFile";
import { RunFile, RunJournal } from "../../../../delivery/verify/resume/runJournal";
import { Replay } from "../../../../delivery/verify/resume/runState";
import { ABANDONED, acknowledged, refused, unanswered } from "../../kinesis/outcomes";
import { added } from "../added";

const bytesOf = (index: number) => Buffer.from(`event ${index}`);

const REFUSED = { code: "AccessDenied", detail: "Refused" };
const UNANSWERED = { code: "ECONNRESET", detail: "Unanswered" };
const OUTCOMES = ["acknowledged", "ambiguous", "throttled", "refused", "unanswered", "abandoned"] as const;
type Outcome = (typeof OUTCOMES)[number];

/** A request and what became of each of its events. */
interface Request {
  outcomes: Outcome[];
  /** The process ends before it hears of them. */
  isUnheard: boolean;
}

const request: fc.Arbitrary<Request> = fc.record({
  outcomes: fc.array(fc.constantFrom(...OUTCOMES), { minLength: 1, maxLength: 6 }),
  isUnheard: fc.boolean(),
});

/** A run as the producer tells it, with its true ledger and file. Events that may go on are tried again first. */
class Told {
  readonly ledger = new Ledger();
  readonly unsettled = new Set<number>();
  readonly file: RunFile;
  readonly #journal: RunJournal;

  constructor(folder: string) {
    const outputs = { roleArn: "", region: "", streamName: "" };
    const runId = `run${Math.random().toString(36).slice(2)}`;
    this.file = RunFile.create(folder, {
      format: 2,
      runId,
      outputs,
      startedAt: 0,
      readFrom: 0,
      source: null,
    });
    this.#journal = new RunJournal(this.file);
  }

  async request({ outcomes, isUnheard }: Request): Promise<void> {
    const retried = [...this.unsettled].slice(0, outcomes.length);
    const fresh = outcomes.slice(retried.length).map(() => added(this.ledger, bytesOf(this.ledger.size)));
    const indices = [...retried, ...fresh];
    this.#journal.attempt(
      indices.map((index) => ({ index })),
      1,
      this.ledger,
    );
    for (const index of indices) this.ledger.onAttempt(index, 1);
    for (const index of indices) this.unsettled.add(index);
    if (isUnheard) return;
    for (const [at, index] of indices.entries()) this.#tell(index, outcomes[at] ?? "acknowledged");
    await Promise.resolve();
  }

  end(): void {
    this.#journal.end(false);
  }

  #tell(index: number, outcome: Outcome): void {
    if (outcome === "throttled") return;
    if (outcome === "ambiguous") {
      this.ledger.onAmbiguous(index);
      this.#journal.ambiguous(index);
    } else if (outcome === "abandoned") this.#journal.ended(index, ABANDONED);
    else {
      const end = {
        acknowledged: acknowledged(`shard-${index % 3}`),
        refused: refused(REFUSED),
        unanswered: unanswered(UNANSWERED),
      }[outcome];
      this.ledger.onEnd(index, end);
      this.#journal.ended(index, end);
    }
    if (outcome !== "ambiguous" && outcome !== "abandoned") this.unsettled.delete(index);
  }
}

async function replayed(path: string) {
  const ledger = new Ledger();
  const replay = new Replay(ledger);
  await readRunFile(path, (entry) => replay.take(entry));
  return { ledger, replay };
}

describe("A run that is replayed from its file", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "replay-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const told = async (requests: Request[]) => {
    const run = new Told(folder);
    for (const one of requests) await run.request(one);
    run.end();
    return run;
  };

  it("counts as it did, and has open what it had open", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 12 }), async (requests) => {
        const run = await told(requests);
        const { ledger, replay } = await replayed(run.file.path);
        expect(ledger.counts()).to.deep.equal(run.ledger.counts());
        expect([ledger.sent, ledger.acknowledged, ledger.outstanding]).to.deep.equal([
          run.ledger.sent,
          run.ledger.acknowledged,
          run.ledger.outstanding,
        ]);
        expect([...ledger.acknowledgedByShard]).to.have.deep.members([...run.ledger.acknowledgedByShard]);
        for (const index of run.unsettled) expect(replay.unsettled.has(index), `${index}`).to.equal(true);
        for (let index = 0; index < ledger.size; index += 1) {
          expect(ledger.matches(index, bytesOf(index))).to.equal(true);
          expect(ledger.matches(index, bytesOf(index + 1))).to.equal(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("knows of every event that was sent before its end, wherever the file was torn", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 8 }), fc.nat(), async (requests, cut) => {
        const run = await told(requests);
        const whole = readFileSync(run.file.path);
        const firstLine = whole.indexOf("\n") + 1;
        const length = firstLine + (cut % (whole.length - firstLine + 1));
        const kept = whole.subarray(0, length).toString().split("\n").slice(1, -1);
        const sent = new Set<number>();
        for (const line of kept) {
          const { kind, events = [] } = JSON.parse(line);
          if (kind === "attempt")
            for (const [first, last] of events) for (let at = first; at <= last; at += 1) sent.add(at);
        }
        truncateSync(run.file.path, length);
        const { ledger, replay } = await replayed(run.file.path);
        expect(ledger.sent).to.equal(sent.size);
        for (const index of sent) expect(ledger.isSent(index)).to.equal(true);
        const { fates } = ledger.counts();
        const open =
          fates.unanswered - ledger.reasons.unanswered.ranked.reduce((sum, [, count]) => sum + count, 0);
        expect(open, "neither ended nor to be sent again").to.equal(replay.unsettled.size);
        for (const index of replay.unanswered) expect(replay.unsettled.has(index)).to.equal(true);
      }),
      { numRuns: 60 },
    );
  });
});
