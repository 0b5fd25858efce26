// npm run docgen: the API pages of every package that has them; compiles and runs each @example on the way.
import * as Fs from "node:fs"
import * as Path from "node:path"
import { install } from "./lib/install.mjs"
import { deferSignals, root, run, tool } from "./lib/process.mjs"
import { finish, step } from "./lib/steps.mjs"

await install()
deferSignals()

// docgen starts tsc and tsx by their names; npm puts them on the path, a plain `node scripts/docgen.mjs` does not
const PATH = [Path.dirname(tool("docgen")), process.env.PATH].join(Path.delimiter)

for (const pkg of Fs.readdirSync(Path.join(root, "packages"))) {
  const cwd = Path.join(root, "packages", pkg)
  if (!Fs.existsSync(Path.join(cwd, "docgen.json"))) continue
  await step(`docgen ${pkg}`, () => run(tool("docgen"), [], { capture: true, cwd, env: { PATH } }))
}

finish("npm run docgen")
