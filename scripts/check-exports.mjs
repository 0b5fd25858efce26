// npm run check:exports: packs every public package as it would be published, and checks what a user gets: publint, attw,
// and every public module imported from the packed files.
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { install } from "./lib/install.mjs"
import { deferSignals, pnpm, root, run, tool } from "./lib/process.mjs"
import { finish, step } from "./lib/steps.mjs"

await install()
deferSignals()

const packages = Fs.readdirSync(Path.join(root, "packages"))
  .map((folder) => Path.join(root, "packages", folder))
  .filter((dir) => Fs.existsSync(Path.join(dir, "package.json")))
  .map((dir) => ({ dir, manifest: JSON.parse(Fs.readFileSync(Path.join(dir, "package.json"), "utf8")) }))
  .filter(({ manifest }) => manifest.private !== true)

const modules = ({ dir }) =>
  Fs.readdirSync(Path.join(dir, "src")).filter((file) => file.endsWith(".ts") && file !== "index.ts")
    .map((file) => Path.basename(file, ".ts"))

const scratch = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-rocketmq-exports-"))
const installed = Path.join(scratch, "node_modules")

/** The packed package under its name in a node_modules folder, and beside it what it says that it depends on. */
const unpack = async ({ dir, manifest }, tarball) => {
  const target = Path.join(installed, manifest.name)
  Fs.mkdirSync(target, { recursive: true })
  const { code, output } = await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", target], { capture: true })
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
  for (const name of Object.keys(declared)) {
    const source = Path.join(dir, "node_modules", name)
    const link = Path.join(installed, name)
    if (name.startsWith("@effect-rocketmq/") || Fs.existsSync(link) || !Fs.existsSync(source)) continue
    Fs.mkdirSync(Path.dirname(link), { recursive: true })
    Fs.symlinkSync(Fs.realpathSync(source), link, "junction")
  }
  return { code, output }
}

const importAll = (specifiers) => {
  const file = Path.join(scratch, "import.mjs")
  Fs.writeFileSync(file, specifiers.map((specifier) => `await import(${JSON.stringify(specifier)})\n`).join(""))
  return run("node", [file], { capture: true, cwd: scratch })
}

try {
  await step("build", () => run(tool("tsc"), ["-b", "tsconfig.build.json"], { capture: true }))
  for (const pkg of packages) {
    const { name, version } = pkg.manifest
    const short = name.split("/")[1]
    const tarball = Path.join(scratch, `${name.slice(1).replace("/", "-")}-${version}.tgz`)
    const packed = await step(`pack ${short}`, async () => {
      const result = await pnpm(["pack", "--pack-destination", scratch], { capture: true, cwd: pkg.dir })
      return result.code === 0 ? unpack(pkg, tarball) : result
    })
    if (!packed) continue
    await step(`publint ${short}`, () => run(tool("publint"), [tarball, "--strict"], { capture: true }))
    await step(`attw ${short}`, () =>
      run(tool("attw"), [
        tarball,
        "--profile",
        "esm-only",
        "--no-emoji",
        ...modules(pkg).length > 0 ? ["--include-entrypoints", ...modules(pkg)] : []
      ], { capture: true }))
  }
  const specifiers = packages.flatMap((pkg) =>
    ["", ...modules(pkg)].map((module) => Path.posix.join(pkg.manifest.name, module))
  )
  await step(`import ${specifiers.length} modules`, () => importAll(specifiers))
} finally {
  Fs.rmSync(scratch, { recursive: true, force: true })
}

finish("npm run check:exports")
