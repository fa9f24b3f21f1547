// Heap that code takes on a 32-bit MicroPython: the WebAssembly build has 32-bit words and
// 16-byte blocks, as ESP32 and RP2 have. Run by heap32.py.
//   node heap32.mjs NODE_MODULES_PARENT < {"folders": {"/lib/pkg": "path"}, "codes": ["import pkg", ...]}
// Prints one JSON list, for each code string in turn:
//   allocated  bytes taken while it ran, garbage included (this VM never collects while Python runs,
//              so the figure is exact and repeatable)
//   live       bytes still in use after it has returned and a collection has run
//   error      the last line of its traceback, or null
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const HEAP = 16 << 20; // large: nothing is collected before its time
const { folders, codes } = JSON.parse(fs.readFileSync(0, "utf8"));
const require = createRequire(pathToFileURL(path.join(process.argv[2], "x.js")));
await import(pathToFileURL(require.resolve("@micropython/micropython-webassembly-pyscript/micropython.mjs")));
const mp = await globalThis.loadMicroPython({ heapsize: HEAP, stdout: () => {}, stderr: () => {} });

function copy(source, target) {
    if (!fs.statSync(source).isDirectory()) return mp.FS.writeFile(target, fs.readFileSync(source));
    try { mp.FS.mkdir(target); } catch { /* it is there */ }
    for (const name of fs.readdirSync(source)) {
        if (name !== "__pycache__") copy(path.join(source, name), target + "/" + name);
    }
}

// After a collection. The outer call leaves a few blocks of its own; they are the same each time.
function inUse() {
    mp.runPython("gc.collect()");
    mp.runPython("_m = gc.mem_alloc()");
    return mp.globals.get("_m");
}

mp.FS.mkdir("/lib");
for (const [target, source] of Object.entries(folders)) copy(source, target);
mp.runPython("import gc");
const results = [];
for (const code of codes) {
    const before = inUse();
    mp.globals.set("_c", code);
    let error = null;
    try {
        mp.runPython("def _r():\n    a = gc.mem_alloc()\n    exec(_c, globals())\n    return gc.mem_alloc() - a\n_n = _r()");
    } catch (e) {
        error = String(e.message).trim().split("\n").pop();
    }
    const allocated = error === null ? mp.globals.get("_n") : null;
    mp.runPython("_c = _r = _n = None");
    results.push({ allocated, live: error === null ? inUse() - before : null, error });
}
console.log(JSON.stringify(results));
