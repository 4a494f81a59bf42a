import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { parse } from "yaml";
import { awsOptionsFrom } from "../../delivery";
import { PROJECT } from "../cache";
import { typeErrors } from "../package/installed";
import { noteSkipped } from "../skip";
import { blocksOf, DOCUMENTS, readDocument } from "./documents";

const blocks = DOCUMENTS.flatMap((document) =>
  blocksOf(readDocument(document)).map((block) => ({ ...block, document })),
);
const written = (language: string) => blocks.filter((block) => block.language === language);

/** Programs that the documents show parts of. package/sdks.integration.test.ts runs them. */
const SOURCES: Record<string, string> = {
  python: "examples/python/__main__.py",
  go: "examples/go/main.go",
  yaml: "examples/yaml/Pulumi.yaml",
};

/** Declarations that a block takes from the program around it. */
const AROUND = `declare const roleArn: string;
declare const region: string;
declare const streamName: string;
declare const apiKey: string;
`;

const isStackSettings = (code: string) => code.startsWith("config:\n");

describe("The programs in the documents", () => {
  it("in TypeScript type-check strictly, against the sources", async () => {
    const folder = await mkdtemp(join(tmpdir(), "documents-"));
    try {
      await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"), "junction");
      await writeFile(join(folder, "around.d.ts"), AROUND);
      const names = written("ts").map(
        ({ document, line }) => `${document.replaceAll(/\W/g, "_")}_${line}.ts`,
      );
      for (const [index, { code }] of written("ts").entries()) {
        // A reader uses top-level `await` in an ES module.
        await writeFile(join(folder, names[index] ?? ""), code);
      }
      await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
      const compilerOptions = {
        target: "es2022",
        lib: ["es2022", "esnext.disposable"],
        module: "esnext",
        moduleResolution: "bundler",
        types: ["node"],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: true,
        noEmit: true,
        jsx: "react-jsx",
        jsxImportSource: "preact",
        paths: {
          "pulumi-amplitude-kinesis": [join(PROJECT, "components", "index.ts")],
          "pulumi-amplitude-kinesis/delivery": [join(PROJECT, "delivery")],
        },
      };
      const files = ["around.d.ts", ...names];
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      expect(names.length).to.be.greaterThan(4);
      expect(await typeErrors(folder)).to.deep.equal([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  for (const [language, source] of Object.entries(SOURCES)) {
    it(`in ${language} are parts of ${source}`, async () => {
      const program = unindented(await readFile(join(PROJECT, source), "utf8"));
      const found = written(language).filter(({ code }) => !isStackSettings(code));
      expect(found).not.to.be.empty;
      for (const { code, document, line } of found) {
        expect(program.includes(unindented(code)), `${document}:${line}`).to.equal(true);
      }
    });
  }

  it("that are a stack's settings reach AWS as they say", () => {
    const found = written("yaml").filter(({ code }) => isStackSettings(code));
    expect(found).not.to.be.empty;
    for (const { code } of found) {
      const settings = Object.entries(parse(code).config).map(([key, value]) => [
        key,
        { value: typeof value === "string" ? value : JSON.stringify(value) },
      ]);
      const { allowedAccountIds, assumeRoles } = awsOptionsFrom(Object.fromEntries(settings), {
        stack: "acme",
      });
      expect(assumeRoles?.map(({ roleArn }) => roleArn.split(":")[4])).to.deep.equal(allowedAccountIds);
    }
  });

  it("in YAML and JSON are valid", () => {
    for (const { code } of written("yaml")) expect(parse(code)).to.be.an("object");
    for (const { code } of written("json")) expect(JSON.parse(code)).to.be.an("object");
  });

  it("in Python and Go compile, or are formatted, by their own tools", async () => {
    const tools: [string, string[], string][] = [
      ["python3", ["-m", "py_compile"], "python"],
      ["gofmt", ["-l"], "go"],
    ];
    for (const [tool, args, language] of tools) {
      const source = join(PROJECT, SOURCES[language] ?? "");
      const { stdout, code } = await promisify(execFile)(tool, [...args, source], {
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONPYCACHEPREFIX: tmpdir() },
      }).then(
        (result) => ({ ...result, code: 0 }),
        (error: { code: unknown; stdout: string }) => error,
      );
      if (code === "ENOENT") noteSkipped(`the format of ${SOURCES[language]}`, `no ${tool} is on PATH`);
      else expect({ code, stdout }, source).to.deep.equal({ code: 0, stdout: "" });
    }
  });
});

function unindented(text: string): string {
  return text.replaceAll(/^[\t ]+/gm, "");
}
