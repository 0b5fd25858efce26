// node scripts/run.mjs demo|broker|bench ARGS... : installs and bundles what is needed, then becomes that program.
import { pathToFileURL } from "node:url"
import { bundle, entries } from "./lib/bundle.mjs"
import { install } from "./lib/install.mjs"
import { endWithNpm } from "./lib/process.mjs"

const [name, ...args] = process.argv.slice(2)
if (!Object.hasOwn(entries, name ?? "")) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(entries).join("|")} [arguments]\n`)
  process.exit(2)
}
endWithNpm()
await install()
const program = await bundle(name)

// in this process and not in a child: signals, exit codes and the process' own account of CPU and memory are the program's
process.argv.splice(1, process.argv.length - 1, program, ...args)
await import(pathToFileURL(program).href)
