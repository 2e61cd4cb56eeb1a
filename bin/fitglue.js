#!/usr/bin/env node
// Plain JavaScript without new syntax, so that an old Node can say what is wrong instead of failing to parse.
const version = process.versions.node.split(".").map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  process.stderr.write("fitglue: needs Node 20.19 or later, this is " + process.versions.node + "\n");
  process.exitCode = 8;
} else {
  import("../dist/main.js").then(
    function (module) {
      return module.runProcess();
    },
    function (error) {
      process.stderr.write("fitglue: cannot start: " + error.message + "\n  try: npm run build\n");
      process.exitCode = 1;
    },
  );
}
