/**
 * Starts the sandbox. Plain JavaScript, because it has to run before TypeScript can be loaded: whatever the run writes,
 * the compiler's cache included, goes into the folder `.sandbox` of this project.
 */
const { execFileSync } = require("node:child_process");
const { mkdirSync } = require("node:fs");
const { join } = require("node:path");

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 2)) {
  console.error(
    `The sandbox needs Node.js 22.2 or later; this is ${process.version}. \`npm run sandbox\` brings its own.`,
  );
  process.exit(2);
}

const folder = join(__dirname, "..", ".sandbox");
const temporary = join(folder, "tmp");
try {
  mkdirSync(temporary, { recursive: true });
} catch (error) {
  console.error(
    `sandbox: the folder ${temporary} can't be written to (${error.message}), and the sandbox writes nowhere else: make it a folder that you may write to, or run a copy of the project elsewhere.`,
  );
  process.exit(2);
}
process.env.TMPDIR = temporary;

endWithNpm();
require("tsx/cjs");
require("./main").main(process.argv, folder);

/**
 * npm can be killed without telling its children, and a sandbox that is kept up would stay for ever. The shell that npm
 * starts a script by may lie between the two.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === "win32") return;
  const [, shellParent, command] = lookUp(process.ppid);
  const npm = /(^|\/|-)(ba|da|z|k|a)?sh$/.test(command) ? Number(shellParent) : process.ppid;
  // Once: a second signal would cut the run's own clearing up short.
  const watch = setInterval(() => {
    if (isAlive(npm)) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, 500).unref();
}

function lookUp(pid) {
  const row = execFileSync("ps", ["-o", "ppid=,comm=", "-p", String(pid)], { encoding: "utf8" });
  return row.match(/^\s*(\d+)\s+(.*?)\s*$/) ?? ["", "", ""];
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
