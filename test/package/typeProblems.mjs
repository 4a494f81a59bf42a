// Prints the problems that arethetypeswrong finds in a tarball, as JSON. It doesn't work with the tests' loader.
import { readFile } from "node:fs/promises";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";

const [tarball] = process.argv.slice(2);
const {
  types,
  entrypoints = {},
  problems = [],
} = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
console.log(JSON.stringify({ types: types !== false, entrypoints: Object.keys(entrypoints), problems }));
