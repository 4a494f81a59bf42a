import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import axe from "axe-core";
import { expect } from "chai";
import fc from "fast-check";
import { fleetHtml } from "../../../../delivery/report/html/fleetPage";
import { htmlReport } from "../../../../delivery/report/html/htmlReport";
import { STYLES } from "../../../../delivery/report/html/page";
import type { DeliveryReport } from "../../../../delivery/verify/report";
import { browserRun } from "../../../browser";
import { bigFleet, DRIFTED, fleetOf, fleetWithTexts, MIXED } from "../fleets";
import { ACCOUNT, EMPTY, FAILED, HOSTILE, HUGE, UNDECIDED, VERIFIED, withTexts } from "../reports";

const REPORTS: [name: string, report: DeliveryReport][] = [
  ["verified", VERIFIED],
  ["failed", FAILED],
  ["undecided", UNDECIDED],
  ["empty", EMPTY],
  ["huge", HUGE],
];

const PAGES: [name: string, page: () => string | Promise<string>][] = [
  ...REPORTS.map(([name, report]): [string, () => Promise<string>] => [name, () => htmlReport(report)]),
  ["a small fleet", () => fleetHtml(fleetOf([...MIXED.customers, ...DRIFTED.customers]))],
  ["a fleet of 200 customers", () => fleetHtml(bigFleet(200))],
];

describe("The report as a page", () => {
  it("shows the verdict, what it proves and doesn't prove, the numbers, findings and remedies", async () => {
    const page = await htmlReport(FAILED);
    expect(page).to.match(/^<!doctype html>\n<html lang="en">/);
    for (const text of [
      "✗ Failed:",
      "that Amplitude sends",
      "900",
      "90%",
      "events-refused",
      "<code>pulumi up --refresh</code>",
    ])
      expect(page).to.include(text);
    expect(await htmlReport(VERIFIED))
      .to.include("✓ Verified:")
      .and.to.include("events come back");
    expect(await htmlReport(UNDECIDED)).to.include("verify --resume AAAAAAAAAAAA");
  });

  it("describes the route through Amplitude without mentioning Kinesis or bytes", async () => {
    const page = await htmlReport({ ...VERIFIED, route: "amplitude", acknowledgementInSeconds: null });
    expect(page).to.include("Amplitude's API accepted them").and.include("with the fields that were sent");
    expect(page).not.to.match(
      /Kinesis (confirmed|acknowledged)|by Kinesis|bytes that were sent|with different bytes/,
    );
    expect(await htmlReport(VERIFIED)).to.include("Kinesis confirmed that it stored them");
    const shards = (html: string) => html.slice(html.indexOf('id="shards"'));
    expect(shards(page)).to.include("Records read").and.not.include("Acknowledged");
    expect(shards(await htmlReport(VERIFIED))).to.include("Acknowledged");
  });

  it("shows no account, and contains no script", async () => {
    for (const [, report] of REPORTS) {
      expect(await htmlReport(report))
        .to.include("********3333")
        .and.not.to.include(ACCOUNT)
        .and.not.to.match(/<script| on\w+=/);
    }
  });

  it("stays small and shows every shard that returned less than was acknowledged, even in a huge report", async () => {
    const page = await htmlReport(HUGE);
    expect(page.length).to.be.below(500_000);
    expect(page).to.include("9,999 of 10,000 shards").and.to.include("shardId-000000009876");
  });

  it("has the same elements for any texts", async () => {
    // Text in backticks becomes an element, which is ignored here.
    const tags = (page: string) => page.match(/<[!/]?[a-z][\w-]*/g)?.filter((tag) => !tag.endsWith("code"));
    const expected = tags(await htmlReport(withTexts(FAILED, "x")));
    const piece = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" }));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1 }), async (pieces) => {
        expect(tags(await htmlReport(withTexts(FAILED, pieces.join(""))))).to.deep.equal(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("has a style sheet without characters that need escaping", () => {
    expect(STYLES).not.to.match(/["&<]/);
  });
});

describe("The report's page in a browser", () => {
  const browser = browserRun();

  /** Serves the page, because a page that is set as text could not request anything. */
  async function opened<Result>(
    html: string,
    options: { colorScheme?: "light" | "dark"; width?: number },
    look: (page: Awaited<ReturnType<ReturnType<typeof browser>["newPage"]>>) => Promise<Result>,
  ): Promise<{ result: Result; asked: string[]; said: string[] }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.setHeader("content-type", "text/html").end(html);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { colorScheme = "light", width = 1_100 } = options;
    const page = await browser().newPage({ colorScheme, viewport: { width, height: 800 }, bypassCSP: false });
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("request", (request) => {
      if (!request.url().startsWith("http://127.0.0.1")) asked.push(request.url());
    });
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      return { result: await look(page), asked, said };
    } finally {
      await page.close();
      server.closeAllConnections();
      server.close();
    }
  }

  for (const [name, pageOf] of PAGES) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`has no violation that axe finds: ${name}, ${colorScheme}`, async () => {
        const { result } = await opened(await pageOf(), { colorScheme }, async (page) => {
          await page.evaluate(axe.source);
          return page.evaluate<string[]>(
            "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
          );
        });
        expect(result).to.deep.equal([]);
      });
    }

    it(`fits a phone, requests only itself, and doesn't violate its content security policy: ${name}`, async () => {
      const { result, asked, said } = await opened(await pageOf(), { width: 360 }, (page) =>
        page.evaluate<number>("document.documentElement.scrollWidth"),
      );
      expect(result).to.equal(360);
      expect(asked).to.deep.equal(["/"]);
      expect(said).to.deep.equal([]);
    });
  }

  it("applies its style sheet in both themes, and prints on white", async () => {
    const colors: string[] = [];
    const background = "getComputedStyle(document.body).backgroundColor";
    for (const colorScheme of ["light", "dark"] as const) {
      await opened(await htmlReport(VERIFIED), { colorScheme }, async (page) => {
        colors.push(await page.evaluate<string>(background));
        await page.emulateMedia({ media: "print", colorScheme });
        colors.push(await page.evaluate<string>(background));
      });
    }
    const white = "rgb(255, 255, 255)";
    expect(colors).to.deep.equal([white, white, "rgb(13, 17, 23)", white]);
  });

  it("shows hostile texts as text: nothing runs and nothing is loaded", async () => {
    const text = HOSTILE.join(" ");
    for (const html of [await htmlReport(withTexts(FAILED, text)), fleetHtml(fleetWithTexts(MIXED, text))]) {
      const { result, asked, said } = await opened(html, {}, (page) =>
        page.evaluate<[number, string]>(
          "[document.querySelectorAll('script, img, iframe, object, a').length, document.querySelector('.finding').innerText]",
        ),
      );
      expect(result[0]).to.equal(0);
      expect(result[1]).to.include("<script>alert(1)</script>");
      expect([asked, said]).to.deep.equal([["/"], []]);
    }
  });
});
