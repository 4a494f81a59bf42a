/**
 * Proves that each regular expression of the named folders takes linear time, whatever text it meets. `npm run check` runs it.
 *
 *     node .ci/linearExpressions.cjs delivery components sandbox
 *
 * Remembers what it has proven in node_modules/.cache.
 */
process.env.RECHECK_SYNC_BACKEND = "pure"; // Needs neither Java nor a binary, and starts no thread per expression.
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const { checkSync } = require("recheck");
const ts = require("typescript");

const CACHE = join(__dirname, "..", "node_modules", ".cache", "linearExpressions.json");
/** Repetitions up to this count are proven as they are. A higher count multiplies the time of a proof. */
const MAX_EXACT_COUNT = 5;
/** Ajv compiles a schema's patterns with this flag. */
const PATTERN_FLAGS = "u";

/** Files that build an expression from more than constants, with the reason why it is linear. */
const NOT_CONSTANT = {
  "delivery/common/redactSecrets.ts": "alternatives of one secret's characters, with bounded repetitions",
  "delivery/fleet/stacks.ts": "a glob from the command line, for names of at most 100 characters",
};

/** Returns one sentence per expression that isn't proven linear. `proven` holds those of earlier runs, and gains the new. */
function faultsOf(file, text, proven) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return expressionsIn(source).flatMap(({ node, expression, flags }) => {
    const where = `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (expression === undefined) {
      if (file in NOT_CONSTANT) return [];
      return [`${where}: ${node.getText()} isn't built from constants. Avoid it, or list it with a reason.`];
    }
    const key = `/${expression}/${flags}`;
    const fault = proven.has(key) ? undefined : faultOf(expression, flags);
    if (fault === undefined) proven.add(key);
    return fault === undefined ? [] : [`${where}: ${key} ${fault}`];
  });
}

function expressionsIn(source) {
  const found = [];
  (function visit(node) {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      found.push({ node, expression: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    } else if (isConstructor(node)) {
      const [expression, flags] = node.arguments ?? [];
      const constantFlags = flags === undefined ? "" : constantText(flags, source);
      found.push({ node, expression: constantText(expression, source), flags: constantFlags });
    } else if (ts.isPropertyAssignment(node) && node.name.getText() === "pattern") {
      const expression = constantText(node.initializer, source);
      if (expression !== undefined) found.push({ node, expression, flags: PATTERN_FLAGS });
    }
    ts.forEachChild(node, visit);
  })(source);
  return found;
}

const isConstructor = (node) =>
  (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === "RegExp";

/** Returns the text of a literal, a template or a constant of the same file, or undefined. */
function constantText(node, source) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    const parts = node.templateSpans.map((span) => [
      constantText(span.expression, source),
      span.literal.text,
    ]);
    return parts.some(([value]) => value === undefined) ? undefined : node.head.text + parts.flat().join("");
  }
  if (!ts.isIdentifier(node)) return undefined;
  const declared = source.statements
    .filter((each) => ts.isVariableStatement(each) && each.declarationList.flags & ts.NodeFlags.Const)
    .flatMap((each) => each.declarationList.declarations)
    .find(({ name }) => name.getText() === node.text);
  return declared?.initializer && constantText(declared.initializer, source);
}

/** Proves the expression without its high counts, which is fast, or else as it is. */
function faultOf(expression, flags) {
  const simplified = prove(withoutHighCounts(expression), flags);
  if (simplified.status === "safe") return undefined;
  const exact = prove(expression, flags);
  if (exact.status === "safe") return undefined;
  const { complexity, attack, error } = exact.status === "vulnerable" ? exact : simplified;
  return complexity !== undefined
    ? `is ${complexity.summary}, such as for ${attack.pattern}. Leave it one way to match a text.`
    : `can't be proven linear (${error.kind}). Write it without lookaround, references and high counts.`;
}

/** Only the checker `automaton` proves anything: the other one, `fuzz`, looks for examples at random. */
function prove(expression, flags) {
  try {
    return checkSync(expression, flags, { checker: "automaton", timeout: 20_000 });
  } catch (error) {
    return { status: "unknown", error: { kind: error.message } }; // Such as a stack overflow for a count of 900.
  }
}

/** Removes the bound of high counts. The result matches in every way in which the expression does, and in others. */
function withoutHighCounts(expression) {
  const parts = /(\\[pPu]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\])|\{(\d+)(?:,(\d*))?\}/gs;
  return expression.replace(parts, (part, other, min, max = min) => {
    if (other !== undefined || (max !== "" && Number(max) <= MAX_EXACT_COUNT)) return part;
    return Number(min) === 0 ? "*" : "+";
  });
}

function sourcesIn(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => /\.tsx?$/.test(name));
  return files.sort().map((name) => join(folder, name));
}

function readCache() {
  try {
    return new Set(JSON.parse(readFileSync(CACHE, "utf8")));
  } catch {
    return new Set();
  }
}

function main(folders) {
  const proven = readCache();
  const faults = folders
    .flatMap(sourcesIn)
    .flatMap((file) => faultsOf(file, readFileSync(file, "utf8"), proven));
  mkdirSync(dirname(CACHE), { recursive: true });
  writeFileSync(CACHE, JSON.stringify([...proven]));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (require.main === module) main(process.argv.slice(2));
module.exports = { faultsOf };
