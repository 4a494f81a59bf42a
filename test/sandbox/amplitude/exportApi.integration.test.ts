import { expect } from "chai";
import type { ExportFault, ExportHabits } from "../../../sandbox/amplitude/exportApi";
import {
  type LocalAmplitude,
  type LocalAmplitudeOptions,
  startAmplitude,
} from "../../../sandbox/amplitude/server";
import { readExport, temporaryFolder, written } from "../../delivery/events/export/exports";

const HOUR = 3_600_000;
const NINE = Date.UTC(2026, 0, 5, 9);
const TWO_HOURS = 2 * HOUR;

describe("the Export API of the stand-in for Amplitude", () => {
  const path = temporaryFolder();
  let now = NINE + HOUR + TWO_HOURS;
  let amplitude: LocalAmplitude;
  const start = async (
    exportHabits: Partial<ExportHabits> = {},
    more: Partial<LocalAmplitudeOptions> = {},
  ) => {
    const aws = { endpoint: "http://127.0.0.1:1", credentials: { accessKeyId: "a", secretAccessKey: "b" } };
    amplitude = await startAmplitude({ aws, exportHabits, now: () => now, ...more });
  };
  beforeEach(() => {
    now = NINE + HOUR + TWO_HOURS;
  });
  afterEach(() => amplitude.stop());

  const keys = () => `${amplitude.apiKey}:${amplitude.secretKey}`;
  const ask = (query: string, user = keys(), init: RequestInit = {}) =>
    fetch(`${amplitude.origin}/api/2/export?${query}`, {
      ...init,
      headers: { authorization: `Basic ${Buffer.from(user).toString("base64")}` },
    });
  const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;
  const rowsOf = async (response: Response) => {
    const file = written(path("export.zip"), Buffer.from(await response.arrayBuffer()));
    const { texts, origins, problems } = await readExport(file);
    expect(problems).to.deep.equal([]);
    return { texts, files: [...new Set(origins.map((origin) => /[^/]*#\d+/.exec(origin)?.[0]))] };
  };

  it("returns the rows of inclusive hours as gzipped JSON lines, in files named as Amplitude names them", async () => {
    await start({ rowsPerFile: 2 });
    for (const minute of [0, 1, 59])
      amplitude.exports.add(`{"event_type":"A","m":${minute}}`, NINE + minute * 60_000);
    amplitude.exports.add('{"event_type":"A","m":"before"}', NINE - 1);
    amplitude.exports.add('{"event_type":"A","m":"after"}', NINE + HOUR);
    now += HOUR;
    const { texts, files } = await rowsOf(await ask("start=20260105T09&end=20260105T09"));
    expect(texts).to.deep.equal([0, 1, 59].map((minute) => `{"event_type":"A","m":${minute}}`));
    expect(files).to.deep.equal(["100011471_2026-01-05_9#0", "100011471_2026-01-05_9#1"]);
    const all = await rowsOf(await ask("start=20260105T00&end=20260105T23"));
    expect(all.texts).to.have.length(5);
  });

  it("exports the rows that it ingests", async () => {
    await start();
    now = NINE;
    const events = [{ event_type: "A", user_id: "user-1", insert_id: "1" }];
    const body = JSON.stringify({ api_key: amplitude.apiKey, events });
    await fetch(amplitude.url, { method: "POST", body });
    now += HOUR + TWO_HOURS;
    const { texts } = await rowsOf(await ask("start=20260105T09&end=20260105T09"));
    expect(JSON.parse(texts[0] ?? "")).to.include({
      $insert_id: "1",
      server_upload_time: "2026-01-05 09:00:00.000000",
    });
  });

  it("responds with 404 for hours without events", async () => {
    await start();
    expect(await status("start=20260105T09&end=20260105T09")).to.equal(404);
  });

  for (const [early, before] of [
    ["nothing", 404],
    ["so far", 200],
  ] as const) {
    it(`exports an hour two hours after its end, and before that ${early}`, async () => {
      await start({ early });
      amplitude.exports.add("{}", NINE);
      now = NINE + HOUR - 1;
      expect(await status("start=20260105T09&end=20260105T09")).to.equal(404);
      now = NINE + HOUR + TWO_HOURS - 1;
      expect(await status("start=20260105T09&end=20260105T09")).to.equal(before);
      now += 1;
      expect(await status("start=20260105T09&end=20260105T09")).to.equal(200);
    });
  }

  it("responds with 400 for an export that is too large", async () => {
    await start({ maxBytes: 100 });
    amplitude.exports.add("{}", NINE);
    expect(await status("start=20260105T09&end=20260105T09")).to.equal(400);
  });

  for (const unauthorizedStatus of [401, 403] as const) {
    it(`can reject wrong keys with ${unauthorizedStatus}`, async () => {
      await start({}, { unauthorizedStatus });
      for (const user of ["wrong:keys", `${amplitude.apiKey}:`, amplitude.apiKey])
        expect(await status("start=20260105T09&end=20260105T09", user)).to.equal(unauthorizedStatus);
    });
  }

  it("refuses other methods, other parameters, and ranges that are not hours", async () => {
    await start();
    expect(await status("start=20260105T09&end=20260105T09", keys(), { method: "POST" })).to.equal(405);
    for (const query of [
      "",
      "start=20260105T09",
      "start=20260105&end=20260105",
      "start=20261305T09&end=20261305T09",
      "start=20260105T24&end=20260105T24",
      "start=20260105T10&end=20260105T09",
      "start=20250105T09&end=20260105T09",
      "start=20260105T09&end=20260105T09&format=csv",
    ])
      expect(await status(query), query).to.equal(400);
  });

  it("throttles more requests in a minute than it is set to", async () => {
    await start({ requestsPerMinute: 2 });
    const one = () => status("start=20260105T09&end=20260105T09");
    expect([await one(), await one(), await one()]).to.deep.equal([404, 404, 429]);
    now += 60_000;
    expect(await one()).to.equal(404);
  });

  it("fails the requests that it is told to fail, by their number", async () => {
    await start();
    amplitude.exports.add("{}", NINE);
    const faults: Record<number, ExportFault> = { 1: 504, 2: 429 };
    amplitude.exports.fault = (range, request) =>
      range === "20260105T09-20260105T09" ? faults[request] : undefined;
    const statuses: number[] = [];
    for (let request = 1; request <= 3; request += 1)
      statuses.push(await status("start=20260105T09&end=20260105T09"));
    expect(statuses).to.deep.equal([504, 429, 200]);
  });

  for (const [fault, ends] of [
    ["torn", "in the middle of the ZIP"],
    ["corrupt", "with a wrong byte"],
  ] as const) {
    it(`sends a ZIP that ends ${ends} if its fault is ${fault}`, async () => {
      await start();
      for (let row = 0; row < 100; row += 1)
        amplitude.exports.add(`{"event_type":"A","m":"${Math.sin(row)}"}`, NINE);
      amplitude.exports.fault = () => fault;
      const response = await ask("start=20260105T09&end=20260105T09");
      const file = written(path("export.zip"), Buffer.from(await response.arrayBuffer()));
      const problems = await readExport(file).then(
        ({ problemCount }) => problemCount,
        () => 1,
      );
      expect(problems).to.be.greaterThan(0);
    });
  }

  it("ends the connection in the middle of the response if its fault is cut", async () => {
    await start();
    amplitude.exports.add("{}", NINE);
    amplitude.exports.fault = () => "cut";
    const response = await ask("start=20260105T09&end=20260105T09");
    expect(response.status).to.equal(200);
    const outcome = await response.arrayBuffer().then(
      () => "whole",
      () => "ended early",
    );
    expect(outcome).to.equal("ended early");
  });
});
