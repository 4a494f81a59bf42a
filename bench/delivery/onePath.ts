/** Runs one path against the sink, in a process of its own, and prints the client's CPU seconds per million events and events/s. */
import { PATHS, type PathName } from "./paths";

async function main([name = "", endpoint = "", events = "", concurrency = ""]: string[]): Promise<void> {
  const call = PATHS[name as PathName](endpoint);
  const atOnce = Number(concurrency);
  await repeated(call, Number(events) / 4, atOnce); // The compiler's share.
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  const sent = await repeated(call, Number(events), atOnce);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({ cpuPerMillion: (user + system) / sent, perSecond: sent / seconds }));
}

/** Until so many events have been carried, with so many requests under way at once. */
async function repeated(call: () => Promise<number>, events: number, atOnce: number): Promise<number> {
  let carried = 0;
  const worker = async () => {
    while (carried < events) carried += await call();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return carried;
}

main(process.argv.slice(2)).then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
