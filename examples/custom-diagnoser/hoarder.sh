#!/bin/sh
# The fault itself, to try things on: opens /dev/zero until it may not, says so, and stays. Usage: sh hoarder.sh [LIMIT]
ulimit -n "${1:-256}"
exec "${NODE:-node}" -e '
  const { openSync, writeSync } = require("node:fs");
  try {
    for (;;) openSync("/dev/zero");
  } catch (error) {
    writeSync(1, `${process.pid}: ${error.code}\n`);
  }
  setInterval(() => undefined, 60_000);
'
