import { existsSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { expect } from "chai";
import { PROJECT } from "../cache";
import { DOCUMENTS, proseOf, readDocument } from "./documents";

interface Link {
  document: string;
  target: string;
}

const links: Link[] = DOCUMENTS.flatMap((document) =>
  [...proseOf(readDocument(document)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({
    document,
    target,
  })),
);

/** Returns the anchor that GitHub derives from a heading: lower case, no punctuation, hyphens for spaces. */
function anchorsOf(document: string): string[] {
  const headings = [...proseOf(readDocument(document)).matchAll(/^#+ (.*)$/gm)];
  return headings.map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("The documents' links", () => {
  it("lead to files and headings that exist", () => {
    const broken = links
      .filter(({ target }) => !/^https?:/.test(target))
      .filter(({ document, target }) => {
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? document : posix.join(dirname(document), path);
        if (!existsSync(join(PROJECT, file))) return true;
        return anchor !== undefined && !(file.endsWith(".md") && anchorsOf(file).includes(anchor));
      });
    expect(broken).to.deep.equal([]);
    expect(links.length).to.be.greaterThan(50);
  });

  it("lead from the README directly to every document of docs", () => {
    const linked = links.filter(({ document }) => document === "README.md").map(({ target }) => target);
    const missing = DOCUMENTS.filter((path) => path.startsWith("docs/") && !linked.includes(path));
    expect(missing).to.deep.equal([]);
  });

  it("lead to pictures that have a description", () => {
    for (const document of DOCUMENTS) {
      for (const [, words = "", target = ""] of readDocument(document).matchAll(
        /!\[([^\]]*)\]\(([^)]+)\)/g,
      )) {
        expect(words.split(" ").length, `${document}: ${target}`).to.be.greaterThan(4);
        expect(statSync(join(PROJECT, dirname(document), target)).size).to.be.lessThan(300_000);
      }
    }
  });
});
