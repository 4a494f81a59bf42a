/**
 * Loaded into the process of the Kinesis engine before the engine itself. Four things that the engine has no
 * settings for: it ends with the process that started it (however that one ends, SIGKILL included: the operating system
 * closes the channel) and by no signal that a terminal sends to that one's whole group, it listens on loopback only, and
 * it tells which port it was given.
 *
 * The engine listens twice, by `listen(port, callback)`, on sockets of one type: for HTTP on the port that is asked for
 * as PLAIN_PORT and for HTTPS, which nobody uses here, on another. Both get a free port from the operating system.
 */
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
    this.once("listening", () => process.send?.({ port: this.address().port }));
  }
  return listen.call(this, { port: 0, host: "127.0.0.1" }, callback);
};
