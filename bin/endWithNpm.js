// Required by the command and by the sandbox's start, before TypeScript can be loaded.
const { execFileSync } = require("node:child_process");

/**
 * Sends this process SIGTERM once npm or npx, which started it, has ended. npm passes a SIGTERM on to its shell only, and
 * the shell ends without passing it on. Does nothing without npm, and on Windows.
 */
module.exports = function endWithNpm() {
  if (process.env.npm_command === undefined || process.platform === "win32") return;
  const parent = process.ppid;
  const npm = shellParent(parent) || parent;
  // Signals only once, because a second signal would interrupt the cleanup.
  const watch = setInterval(() => {
    if (process.ppid === parent && isAlive(npm)) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, 250).unref();
};

/** Returns the parent of a shell, or 0 if the process isn't a shell or `ps` can't tell (as on Alpine Linux). */
function shellParent(pid) {
  try {
    const stdio = ["ignore", "pipe", "ignore"];
    const row = execFileSync("ps", ["-o", "ppid=,comm=", "-p", String(pid)], { encoding: "utf8", stdio });
    const [, ppid, command] = row.match(/^\s*(\d+)\s+(.*?)\s*$/) || ["", "0", ""];
    return /(^|\/|-)(ba|da|z|k|a)?sh$/.test(command) ? Number(ppid) : 0;
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
