import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { dependencies, peerDependencies } from "../../package.json";
import { PROJECT } from "../cache";

describe("the dependencies of the published package", () => {
  it("have permissive licenses, and exclude the sandbox's evaluator", async () => {
    const installed = await installedWith([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    expect(installed.size).to.be.greaterThan(20);
    const bound = [...installed].filter(([, license = "none"]) => /GPL|^none$|SEE LICEN/i.test(license));
    // Its file LICENSE is the MIT license.
    expect(bound).to.deep.equal([["node_modules/@logdna/tail-file", "SEE LICENSE IN LICENSE"]]);
    expect([...installed.keys()].filter((path) => path.includes("@cloud-copilot"))).to.be.empty;
  });
});

interface LockedPackage {
  license?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** Returns the license of each package that npm installs for these, by its path in the lock file. Resolves them like Node. */
async function installedWith(names: string[]): Promise<Map<string, string | undefined>> {
  const lock = JSON.parse(await readFile(join(PROJECT, "package-lock.json"), "utf8"));
  const packages: Record<string, LockedPackage> = lock.packages;
  const found = new Map<string, string | undefined>();
  const open = names.map((name) => ({ name, from: "" }));
  for (const { name, from } of open) {
    const place = placeOf(name, from, packages);
    if (place === undefined || found.has(place)) continue;
    const { license, dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } =
      packages[place] ?? {};
    found.set(place, license);
    const peers = Object.keys(peerDependencies ?? {}).filter(
      (peer) => !peerDependenciesMeta?.[peer]?.optional,
    );
    const needed = [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
    open.push(...needed.map((next) => ({ name: next, from: place })));
  }
  return found;
}

/** Returns the package that an import in the package at `from` finds: in its folder, or in the nearest folder above. */
function placeOf(name: string, from: string, packages: Record<string, LockedPackage>): string | undefined {
  const place = `${from}/node_modules/${name}`.replace(/^\//, "");
  if (place in packages) return place;
  if (from === "") return undefined;
  return placeOf(name, from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/"))), packages);
}
