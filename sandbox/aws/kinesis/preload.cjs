/**
 * Runs in the process of the Kinesis engine before the engine itself. It adds what the engine has no settings for:
 * - It ends with the process that started it, even if that one is killed, because the operating system closes the channel.
 *   It ignores the signals that a terminal sends to the whole process group.
 * - It listens only on loopback, and reports its port.
 * - It saves its compiled code as soon as it listens, because it is usually killed.
 *
 * The engine listens twice, by `listen(port, callback)`: for HTTP on PLAIN_PORT, and for HTTPS, which nobody uses, on
 * another port. Both get a free port from the operating system.
 */
const { flushCompileCache } = require("node:module");
const net = require("node:net");

process.once("disconnect", () => process.exit());

const IGNORED = ["SIGINT", "SIGTERM", "SIGHUP"];
for (const name of IGNORED) process.on(name, () => {});
// The engine's own listeners would end it.
process.on("newListener", (name, listener) => {
  if (IGNORED.includes(name)) process.nextTick(() => process.removeListener(name, listener));
});

const PLAIN_PORT = Number(process.env.KINESIS_MOCK_PLAIN_PORT);
const { listen } = net.Server.prototype;

net.Server.prototype.listen = function listenOnLoopback(port, callback) {
  if (port === PLAIN_PORT) {
    this.once("listening", () => {
      process.send?.({ port: this.address().port });
      // Node.js has it since 22.10.
      flushCompileCache?.();
    });
  }
  return listen.call(this, { port: 0, host: "127.0.0.1" }, callback);
};
