import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { skip } from "./skip";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

async function findBrowser(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const path of NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** Starts a real browser for a suite. Without one the suite is skipped with a reason. */
export function browserRun(): () => Browser {
  let browser: Browser | undefined;
  before(async function () {
    const executablePath = await findBrowser();
    if (executablePath === undefined) {
      skip(this, `none of ${NAMES.join(", ")} is on PATH`);
    }
    // The browser's sandbox needs rights that containers and root lack. All pages here are our own.
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  });
  after(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error("there is no browser");
    return browser;
  };
}
