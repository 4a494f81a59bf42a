import type { Clock } from "../../common/clock";
import { SettingsError } from "../../common/errors";
import type { Timeline } from "../../common/timeline";
import { sendIdentifyCalls } from "./identifyCalls";
import { type IngestEventOptions, ingestEvent, usersOf } from "./ingestEvent";
import type { AmplitudeLedger } from "./ledger";
import type { AmplitudeZone } from "./options";
import { AmplitudeSender } from "./sender";

export interface DispatchOptions {
  apiKey: string;
  zone: AmplitudeZone;
  /** In place of the zone's. */
  url: string | undefined;
  /** What is sent. */
  made: IngestEventOptions;
  /** Whether identify calls are sent too. */
  identify: boolean;
  ledger: AmplitudeLedger;
  timeline: Timeline;
  clock: Clock;
  signal: AbortSignal;
  /** Called with every answer to an event. */
  onAnswer: () => void;
}

/** How long Amplitude's SDK may take with all events, its retries included. */
const SEND_WITHIN_MS = 120_000;

/**
 * Sends a run's events, and enters in the ledger what Amplitude says of each. It ends with the last answer, the signal
 * or the time.
 *
 * @throws SettingsError where Amplitude does not know the key.
 */
export async function sendToAmplitude(options: DispatchOptions): Promise<{ identifiesSent: number }> {
  const { ledger, clock, apiKey, zone, url } = options;
  const sender = await AmplitudeSender.start({
    apiKey,
    zone,
    url,
    clock,
    onRequest: (insertIds, at) => enterRequest(options, insertIds, at),
  });
  const sent = { identifies: 0 };
  try {
    await untilTimeIsUp(sendAll(sender, options, sent), options);
  } finally {
    sender.end();
    ledger.onEnd("Amplitude's SDK was still trying when it was ended");
  }
  if (sender.isKeyRefused && ledger.accepted === 0) throw keyRefused(options);
  return { identifiesSent: sent.identifies };
}

function enterRequest({ ledger, timeline, made }: DispatchOptions, insertIds: string[], at: number): void {
  const indexes = insertIds.flatMap((insertId) => made.key.indexOf(insertId) ?? []);
  for (let count = ledger.onRequest(indexes, at); count > 0; count--) timeline.count("sent", at);
}

async function sendAll(
  sender: AmplitudeSender,
  { made, identify, ledger, timeline, clock, signal, onAnswer }: DispatchOptions,
  sent: { identifies: number },
): Promise<void> {
  const answers = Array.from({ length: made.events }, async (_, number) => {
    const event = ingestEvent(made, number, clock.now());
    const index = ledger.add(event);
    const answer = await sender.send(event);
    ledger.onAnswer(index, answer);
    if (answer.kind === "accepted") timeline.count("acknowledged", clock.now());
    onAnswer();
  });
  await Promise.all(answers);
  // Where nothing was accepted these would not be either.
  if (!identify || ledger.accepted === 0 || signal.aborted) return;
  sent.identifies = usersOf(made.events);
  await sendIdentifyCalls(sender, sent.identifies, made.key.runId);
}

/** The SDK can't be called off: what it is still at then is left to itself. */
async function untilTimeIsUp(sending: Promise<void>, { clock, signal }: DispatchOptions): Promise<void> {
  const done = new AbortController();
  const timeUp = clock.sleep(SEND_WITHIN_MS, AbortSignal.any([signal, done.signal]));
  await Promise.race([sending, timeUp]);
  done.abort();
}

function keyRefused({ zone, url }: DispatchOptions): SettingsError {
  const other = zone === "US" ? "EU" : "US";
  const where =
    url === undefined
      ? `in zone ${zone}: is the project in the other one (--amplitude-zone ${other})?`
      : `at ${url}.`;
  return new SettingsError(
    `Amplitude doesn't know the API key ${where} Compare it with the project's in Amplitude (Settings > Projects > the project > General): it is the API key, not the secret key. None of the events was taken`,
  );
}
