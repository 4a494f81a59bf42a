import { counted, printable } from "../../common/text";
import {
  type CustomerOutcome,
  type CustomerResult,
  type CustomerStep,
  changesText,
} from "../../fleet/report";
import { styled, truncate } from "./output";

/** Shows the customers of a run: a live list on a terminal, and a line per step elsewhere. */
export interface FleetDisplay {
  step(stack: string, step: CustomerStep["name"]): void;
  done(result: CustomerResult): void;
  /** Leaves the current list on screen and starts a new one below. */
  detach(): void;
  /** Restores the terminal. May be called again. */
  stop(): void;
}

/** @param total Number of customers to run. */
export function fleetDisplay(output: NodeJS.WriteStream, total: number): FleetDisplay {
  return output.isTTY && process.env.TERM !== "dumb" ? new LiveList(output, total) : plainLines(output);
}

const SIGNS: Record<CustomerOutcome, string> = {
  succeeded: "✓",
  failed: "✗",
  undecided: "?",
  interrupted: "!",
  "not-started": "-",
};

/** Returns the line of a customer that is done. */
function customerLine(result: CustomerResult): string {
  const { stack, command, outcome, verdict, changes, durationInSeconds, cause, log } = result;
  const success = verdict ?? `${command} succeeded${changes === null ? "" : `, ${changesText(changes)}`}`;
  const words = outcome === "succeeded" ? success : `${outcome}: ${cause}${log === null ? "" : ` [${log}]`}`;
  return printable(`${SIGNS[outcome]} ${stack}: ${words} (${Math.round(durationInSeconds)} s)`);
}

function plainLines(output: NodeJS.WriteStream): FleetDisplay {
  return {
    step: (stack, step) => output.write(`${stack}: ${step}…\n`),
    done: (result) => output.write(`${customerLine(result)}\n`),
    detach() {},
    stop() {},
  };
}

const REDRAW_MS = 250;
/** Source: XTerm Control Sequences: cursor up, and erase below. */
const erase = (lines: number) => (lines === 0 ? "" : `\x1b[${lines}A\r\x1b[J`);

/** Customers that are done scroll up; those that run are redrawn below them. */
class LiveList implements FleetDisplay {
  readonly #running = new Map<string, { step: string; since: number }>();
  readonly #counts = new Map<CustomerOutcome, number>();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #shown = "";

  constructor(
    private readonly output: NodeJS.WriteStream,
    private readonly total: number,
  ) {
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  step(stack: string, step: CustomerStep["name"]): void {
    this.#running.set(stack, { step, since: this.#running.get(stack)?.since ?? performance.now() });
    this.#draw();
  }

  done(result: CustomerResult): void {
    this.#running.delete(result.stack);
    this.#counts.set(result.outcome, (this.#counts.get(result.outcome) ?? 0) + 1);
    this.#draw(`${styled(customerLine(result), this.output)}\n`);
  }

  detach(): void {
    this.#drawn = 0;
    this.#shown = "";
  }

  stop(): void {
    clearInterval(this.#timer);
    this.output.write(erase(this.#drawn));
    this.#drawn = 0;
  }

  #draw(above = ""): void {
    const { columns = 80, rows = 24 } = this.output;
    const running = [...this.#running].map(([stack, { step, since }]) => {
      const seconds = Math.round((performance.now() - since) / 1000);
      return `  ${stack.padEnd(24)} ${step.padEnd(8)} ${seconds} s`;
    });
    const room = Math.max(1, rows - 3);
    const hidden = running.length - room;
    const done = [...this.#counts].map(([outcome, count]) => `${count} ${outcome}`);
    const finished = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const lines = [
      ...running.slice(0, room),
      ...(hidden > 0 ? [`  and ${hidden} more`] : []),
      `${finished} of ${counted(this.total, "customer")} done${done.length > 0 ? `: ${done.join(", ")}` : ""}`,
    ].map((line) => truncate(line, columns - 1));
    const text = `${lines.join("\n")}\n`;
    if (above === "" && text === this.#shown) return;
    this.output.write(`${erase(this.#drawn)}${above}${text}`);
    this.#drawn = lines.length;
    this.#shown = text;
  }
}
