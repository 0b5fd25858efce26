// Bundles a program of the workspace into one file: it starts in a fraction of the time that loading hundreds of
// modules takes, and needs no loader for TypeScript.
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { lockfileHash } from "./install.mjs"
import { cacheDir, root } from "./process.mjs"

/** The programs that the root commands run. */
export const entries = {
  demo: "packages/cli/src/demo.ts",
  broker: "packages/cli/src/broker.ts",
  bench: "packages/benchmarks/src/bench.ts"
}

const signature = (file) => {
  const stat = Fs.statSync(Path.join(root, file), { throwIfNoEntry: false })
  return stat === undefined ? "" : `${stat.mtimeMs} ${stat.size}`
}

/** Dependencies and the bundler's own settings; the sources are compared one by one. */
const toolchain = () =>
  createHash("sha256").update(lockfileHash()).update(Fs.readFileSync(new URL(import.meta.url))).digest("hex")

const fresh = (manifest, key) => {
  try {
    const { inputs, toolchain } = JSON.parse(Fs.readFileSync(manifest, "utf8"))
    return toolchain === key && inputs.every(([file, at]) => signature(file) === at)
  } catch {
    // not there, or half written by a command that was killed: the same as stale
    return false
  }
}

/** What must stay a package of its own: it loads binaries or WebAssembly from its folder. */
const externals = () => {
  const found = new Map()
  for (const pkg of Fs.readdirSync(Path.join(root, "packages"))) {
    const file = Path.join(root, "packages", pkg, "package.json")
    if (!Fs.existsSync(file)) continue
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(Fs.readFileSync(file, "utf8"))
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (/^(effect$|@effect\/|@effect-rocketmq\/)/.test(name)) continue
      found.set(name, Path.join(root, "packages", pkg, "node_modules", name))
    }
  }
  return found
}

/** The bundle looks for packages in its own node_modules: pnpm keeps those of a package in that package's folder. */
const link = (packages) => {
  for (const [name, target] of packages) {
    const path = Path.join(cacheDir, "node_modules", name)
    Fs.mkdirSync(Path.dirname(path), { recursive: true })
    Fs.rmSync(path, { recursive: true, force: true })
    // an optional package for another platform is not there, and the program must cope with that
    if (Fs.existsSync(target)) Fs.symlinkSync(Fs.realpathSync(target), path, "junction")
  }
}

/** The path of the bundle of an entry, made anew when a source or a dependency has changed. */
export const bundle = async (name) => {
  const target = Path.join(cacheDir, `${name}.mjs`)
  const manifest = Path.join(cacheDir, `${name}.json`)
  const key = toolchain()
  if (fresh(manifest, key) && Fs.existsSync(target)) return target

  const started = Date.now()
  const packages = externals()
  const esbuild = await import("esbuild")
  const scratch = Path.join(cacheDir, `.${name}-${process.pid}`)
  try {
    link(packages)
    const result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: [Path.join(root, entries[name])],
      outfile: Path.join(scratch, `${name}.mjs`),
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: "linked",
      metafile: true,
      external: [...packages.keys()],
      logLevel: "warning",
      // unminified code has its names already; keepNames would add a call for every closure on the hot path
      keepNames: false,
      // CommonJS packages inside the bundle ask for Node's own modules by require
      banner: {
        js: "import { createRequire as createBundleRequire } from \"node:module\"\n" +
          "const require = createBundleRequire(import.meta.url)"
      }
    })
    const inputs = Object.keys(result.metafile.inputs).filter((file) => !file.includes("node_modules/"))
    const manifests = [...new Set(inputs.map((file) => file.split("/").slice(0, 2).join("/")))]
      .map((folder) => `${folder}/package.json`)
    // a file that was written while the bundler read it may be in the bundle or not: stale the next time
    const at = (file) => Fs.statSync(Path.join(root, file)).mtimeMs < started ? signature(file) : "changed"
    const signatures = [...inputs, ...manifests].map((file) => [file, at(file)])
    Fs.renameSync(Path.join(scratch, `${name}.mjs.map`), `${target}.map`)
    Fs.renameSync(Path.join(scratch, `${name}.mjs`), target)
    Fs.writeFileSync(Path.join(scratch, "manifest"), JSON.stringify({ toolchain: key, inputs: signatures }))
    Fs.renameSync(Path.join(scratch, "manifest"), manifest)
    return target
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error
    // esbuild has shown its errors on stderr
    process.stderr.write(`${entries[name]} could not be bundled\n`)
    process.exit(1)
  } finally {
    Fs.rmSync(scratch, { recursive: true, force: true })
    await esbuild.stop()
  }
}
