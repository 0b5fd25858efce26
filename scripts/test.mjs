// npm test: everything that can be said about the sources without a server. Arguments go to vitest.
import * as Fs from "node:fs"
import { install } from "./lib/install.mjs"
import { deferSignals, endWithNpm, root, run, tool } from "./lib/process.mjs"
import { finish, skip, step, vitestCounts, vitestReport } from "./lib/steps.mjs"

endWithNpm()
await install()
deferSignals()

const quiet = (command, ...args) => run(command, args, { capture: true })

// the type checker and the linter keep a core busy each
const types = async () => {
  await step("types", () => quiet(tool("tsc"), "-b", "tsconfig.json"))
  const files = Fs.readdirSync(`${root}/packages`, { recursive: true }).map(String)
  if (files.some((file) => /[\\/]dtslint[\\/].*\.tst\.ts$/.test(file) && !file.includes("node_modules"))) {
    await step("type tests", () => quiet(tool("tstyche")))
  } else {
    skip("type tests", "there are none")
  }
}
const style = async () => {
  await step("barrels", () => quiet("node", "scripts/barrels.mjs", "--check"))
  await step("import cycles", () => quiet("node", "scripts/circular.mjs"))
  await step("lint", () => quiet(tool("eslint"), ".", "--max-warnings", "0"))
}
await Promise.all([types(), style()])

const report = vitestReport("test")
Fs.rmSync(report, { force: true })
await step("tests", async () => {
  const { code } = await run(tool("vitest"), [
    "run",
    "--maxConcurrency=16",
    "--poolOptions.forks.minForks=1",
    "--poolOptions.forks.maxForks=2",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2)
  ])
  return { code, counts: vitestCounts(report) }
})

// each @example of the doc comments is compiled and run
await step(
  "examples in doc comments",
  () => run("node", ["scripts/docgen.mjs"], { capture: true, env: { RESULTS_DIR: "" } })
)

finish("npm test")
