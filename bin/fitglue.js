#!/usr/bin/env node
// Without new syntax, so that an old Node can say what is wrong instead of failing to parse; and CommonJS, which starts sooner.
const version = process.versions.node.split(".").map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  process.stderr.write("fitglue: needs Node 20.19 or later, this is " + process.versions.node + "\n");
  process.exitCode = 8;
} else {
  let program;
  try {
    program = require("../dist/main.js");
  } catch (error) {
    process.stderr.write("fitglue: cannot start: " + error.message + "\n  try: npm run build\n");
    process.exitCode = 1;
  }
  if (program !== undefined) void program.runProcess();
}
