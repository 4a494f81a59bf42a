import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { expect } from "chai";
import type { BrowserContextOptions, Page } from "playwright-core";
import { handoffHtml, handoffOf } from "../../../delivery";
import { browserRun } from "../../browser";

const OUTPUTS = {
  region: "eu-central-1",
  streamName: "amplitude-stream-1a2b3c4",
  roleArn: `arn:aws:iam::111122223333:role/delivery/customers/${"a".repeat(40)}-role-0123456789`,
};

describe("The handoff page in a browser", () => {
  const browser = browserRun();
  let folder: string;
  let url: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "handoff-"));
    const file = join(folder, "handoff.html");
    await writeFile(file, handoffHtml(handoffOf(OUTPUTS)));
    url = pathToFileURL(file).href;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function onPage<T>(options: BrowserContextOptions, use: (page: Page) => Promise<T>): Promise<T> {
    const context = await browser().newContext(options);
    try {
      const page = await context.newPage();
      await page.goto(url);
      return await use(page);
    } finally {
      await context.close();
    }
  }

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [360, 1280]) {
      it(`has no accessibility violation in the ${colorScheme} theme at ${width} pixels, and nothing to scroll sideways`, async () => {
        await onPage({ colorScheme, viewport: { width, height: 800 } }, async (page) => {
          await page.evaluate(axe.source);
          const { violations } = await page.evaluate(() =>
            (globalThis as unknown as { axe: typeof axe }).axe.run({
              runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
            }),
          );
          expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).to.deep.equal([]);
          const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
          expect(overflow).to.be.at.most(0);
          if (process.env.SCREENSHOTS !== undefined) {
            await page.screenshot({
              path: join(process.env.SCREENSHOTS, `handoff-${colorScheme}-${width}.png`),
              fullPage: true,
            });
          }
        });
      });
    }
  }

  it("copies each value with its button, and reports it", async () => {
    await onPage({ permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
      for (const [label, value] of [
        ["AWS region", OUTPUTS.region],
        ["Stream name", OUTPUTS.streamName],
        ["Role name (ARN)", OUTPUTS.roleArn],
      ] as const) {
        await page.getByRole("button", { name: `Copy ${label}` }).click();
        await page.getByText(`${label} is copied.`).waitFor();
        expect(await page.evaluate("navigator.clipboard.readText()")).to.equal(value);
      }
    });
  });

  it("selects the value if there is no clipboard", async () => {
    await onPage({}, async (page) => {
      await page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error()) } })",
      );
      await page.getByRole("button", { name: "Copy Stream name" }).click();
      await page.getByText("Stream name is selected").waitFor();
      expect(await page.evaluate("getSelection().toString()")).to.equal(OUTPUTS.streamName);
    });
  });

  it("works with only the keyboard", async () => {
    await onPage({ permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.getByText("Stream name is copied.").waitFor();
    });
  });

  it("requests nothing else, and doesn't violate its content security policy", async () => {
    const context = await browser().newContext();
    try {
      const page = await context.newPage();
      const said: string[] = [];
      const asked: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(String(error)));
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(url);
      await page.getByRole("button", { name: "Copy AWS region" }).click();
      expect(said).to.deep.equal([]);
      expect(asked).to.deep.equal([url]);
    } finally {
      await context.close();
    }
  });
});
