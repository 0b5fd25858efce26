// Child processes of the workspace's commands. No dependencies: this must run before anything is installed.
import { spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

/** The folder that holds pnpm-workspace.yaml. */
export const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/[\\/]$/, "")

/** Written by the commands, never committed, gone with node_modules. */
export const cacheDir = Path.join(root, "node_modules", ".cache", "effect-rocketmq")

/** The numbers that a shell reports for a process that a signal ended. */
const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

const live = new Set()
let interruptedBy
let deferred = false

const forward = (signal) => {
  interruptedBy ??= signal
  for (const child of live) child.kill(signal)
}

const watchSignals = () => {
  for (const signal of Object.keys(signalCodes)) process.on(signal, forward)
}

const unwatchSignals = () => {
  for (const signal of Object.keys(signalCodes)) process.off(signal, forward)
}

/** The exit code that this process owes to the signal it got, if it got one. */
export const interruption = () => interruptedBy === undefined ? undefined : signalCodes[interruptedBy]

/** From here on a signal ends the running children, and this process only when its own work is wound up. */
export const deferSignals = () => {
  deferred = true
  watchSignals()
}

/**
 * Ends this process, as SIGTERM does, when the shell of `npm run` is gone: a signal to npm reaches only that shell, which
 * does not hand it on.
 */
export const endWithNpm = () => {
  if (process.env.npm_lifecycle_event === undefined || process.platform === "win32") return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, "SIGTERM")
  }, 250)
  timer.unref()
}

/**
 * Runs a command to its end and gives its exit code, and with `capture` what it wrote. While it runs, the signals that
 * this process gets go to it; after one, nothing new is started except with `always`.
 */
export const run = (command, args, options = {}) => {
  const { always = false, capture = false, env = {}, stdout = "inherit" } = options
  if (interruptedBy !== undefined && !always) return Promise.resolve({ code: interruption(), output: "" })
  return new Promise((resolve) => {
    if (live.size === 0 && !deferred) watchSignals()
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...env },
      stdio: capture ? ["ignore", "pipe", "pipe"] : ["ignore", stdout, "inherit"],
      shell: process.platform === "win32"
    })
    live.add(child)
    const chunks = []
    child.stdout?.on("data", (chunk) => chunks.push(chunk))
    child.stderr?.on("data", (chunk) => chunks.push(chunk))
    const settle = (code, failure = "") => {
      if (!live.delete(child)) return
      if (live.size === 0 && !deferred) unwatchSignals()
      if (failure !== "" && !capture) process.stderr.write(failure)
      resolve({ code, output: Buffer.concat(chunks).toString("utf8") + failure })
    }
    child.on("error", (error) => settle(127, `${command}: ${error.message}\n`))
    child.on("close", (code, signal) => settle(code ?? signalCodes[signal] ?? 1))
  })
}

/** The path of a tool that the workspace depends on. */
export const tool = (name) => Path.join(root, "node_modules", ".bin", name)

/** pnpm in the version that package.json pins, fetched by npx where it is not there yet. */
export const pnpm = (args, options) => {
  const { packageManager } = JSON.parse(Fs.readFileSync(Path.join(root, "package.json"), "utf8"))
  return run("npx", ["-y", packageManager, ...args], options)
}
