/**
 * Starts the sandbox. Plain JavaScript, because it runs before TypeScript can be loaded. The run, including the
 * compilers' caches, writes only to this project's folder `.sandbox`.
 */
const { execFileSync } = require("node:child_process");
const { mkdirSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 2)) {
  console.error(
    `The sandbox requires Node.js 22.2 or later; this is ${process.version}. Run \`npm run sandbox\`, which uses its own Node.js.`,
  );
  process.exit(2);
}

const folder = join(__dirname, "..", ".sandbox");
const temporary = join(folder, "tmp");
try {
  mkdirSync(temporary, { recursive: true });
} catch (error) {
  console.error(
    `sandbox: can't write to ${temporary} (${error.message}), the only folder that the sandbox writes to. Make it writable, or run a copy of the project elsewhere.`,
  );
  process.exit(2);
}
process.env.TMPDIR = temporary;
// For this process and the Kinesis engine.
process.env.NODE_COMPILE_CACHE ??= join(temporary, "compiled");
enableCompileCache?.(process.env.NODE_COMPILE_CACHE);

endWithNpm();
require("tsx/cjs");
require("./main").main(process.argv, folder);

/**
 * Ends the sandbox if npm is killed, which does not signal its children. A shell may run between npm and this process.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === "win32") return;
  const [, shellParent, command] = lookUp(process.ppid);
  const npm = /(^|\/|-)(ba|da|z|k|a)?sh$/.test(command) ? Number(shellParent) : process.ppid;
  // Signal only once, because a second signal would interrupt the cleanup.
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
