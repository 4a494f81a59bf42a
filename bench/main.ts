/** Runs `npm run bench`: of the delivery module, or of the fleet with the word `fleet`. */
const [, , benchmark] = process.argv;
if (benchmark === "fleet") process.argv.splice(2, 1);
require(benchmark === "fleet" ? "./fleet/main" : "./delivery/main");
