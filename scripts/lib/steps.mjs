// Named steps with a summary at the end, for people and, in RESULTS_DIR, for .ci/run.
import * as Fs from "node:fs"
import * as Path from "node:path"
import { cacheDir, interruption, root } from "./process.mjs"

const results = []

const seconds = (millis) => `${(millis / 1000).toFixed(1)} s`

/**
 * Runs one step: `action` gives an exit code, and optionally its output (shown when it fails) and counts of tests, with
 * `failures` by name. A step without counts is one test.
 */
export const step = async (name, action) => {
  const started = performance.now()
  const { code, counts, output = "" } = await action()
  const millis = performance.now() - started
  const result = {
    name,
    millis,
    passed: 0,
    failed: 0,
    skipped: 0,
    failures: [],
    ...(counts ?? { [code === 0 ? "passed" : "failed"]: 1 })
  }
  // a run that fails without a failed test has not run them all
  if (code !== 0 && result.failed === 0) result.failed = 1
  results.push(result)
  process.stdout.write(`${result.failed === 0 ? "ok  " : "FAIL"} ${name} (${seconds(millis)})\n`)
  // here too, not only in the summary: of a long output somebody may have kept just this part
  for (const failure of result.failures) process.stdout.write(`failed: ${failure.name}\n${brief(failure.message)}\n`)
  if (result.failed > 0 && output.trim() !== "") process.stdout.write(`${output.trimEnd()}\n`)
  return result.failed === 0
}

/** A step that cannot be done here. */
export const skip = (name, why) => {
  results.push({ name, millis: 0, passed: 0, failed: 0, skipped: 1, why })
  process.stdout.write(`skip ${name}: ${why}\n`)
}

/** Of a failure, what fits into a summary. */
const brief = (message) =>
  message.split("\n").filter((line) => !/^\s+at .*node_modules/.test(line)).slice(0, 40).map((line) => `      ${line}`)
    .join("\n")

/** Prints the summary, last of all what failed and why, and ends the process: 0 only when nothing failed. */
export const finish = (command) => {
  const sum = (key) => results.reduce((total, result) => total + result[key], 0)
  process.stdout.write(`\n${command}\n`)
  for (const { failed, millis, name, passed, skipped, why } of results) {
    const mark = failed > 0 ? "FAIL" : passed > 0 ? "ok  " : "skip"
    const counts = passed + failed + skipped > 1 ? `  ${passed} passed, ${failed} failed, ${skipped} skipped` : ""
    process.stdout.write(`  ${mark} ${name.padEnd(26)} ${why ?? seconds(millis).padStart(7)}${counts}\n`)
  }
  for (const { name, message } of results.flatMap((result) => result.failures ?? [])) {
    process.stdout.write(`  failed: ${name}\n${brief(message)}\n`)
  }
  process.stdout.write(`  ${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped\n`)
  const dir = process.env.RESULTS_DIR
  if (dir !== undefined && dir !== "" && interruption() === undefined) {
    Fs.mkdirSync(dir, { recursive: true })
    Fs.writeFileSync(Path.join(dir, `${command.replace(/\W+/g, "-")}.json`), JSON.stringify(results))
  }
  process.exit(interruption() ?? (sum("failed") > 0 ? 1 : 0))
}

/** Where vitest is to leave its report. */
export const vitestReport = (name) => Path.join(cacheDir, "reports", `${name}.json`)

/** The counts of a report of vitest, and what failed; undefined when vitest ended before it wrote one. */
export const vitestCounts = (file) => {
  if (!Fs.existsSync(file)) return undefined
  const report = JSON.parse(Fs.readFileSync(file, "utf8"))
  const named = (tests) =>
    tests.map((test) => ({ name: test.fullName.trim(), message: test.failureMessages.join("\n") }))
  const tests = report.testResults.flatMap((file) => file.assertionResults)
  // a file that cannot be loaded fails without any test
  const broken = report.testResults
    .filter((file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"))
    .map((file) => ({ name: Path.relative(root, file.name), message: file.message ?? "" }))
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: [...broken, ...named(tests.filter((test) => test.status === "failed"))]
  }
}
