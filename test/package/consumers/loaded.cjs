// Prints the modules that an import loads, as package and path, such as @pulumi/aws/iam/index.js.
require(process.argv[2]);
const within = (path) =>
  path
    .split(/[\\/]node_modules[\\/]/)
    .at(-1)
    .replaceAll("\\", "/");
console.log(JSON.stringify(Object.keys(require.cache).map(within)));
