// The house's own lint rule: which way imports may point.
import { builtinModules } from "node:module"
import * as Path from "node:path"

const scope = "@effect-rocketmq/"
const servers = ["protocol", "client", "node", "embedded"]

/** What each package may import of the others; whoever is not named here is on top and may import all of these. */
const below = {
  protocol: [],
  client: ["protocol"],
  node: ["protocol", "client"],
  embedded: ["protocol", "client", "node"]
}

const builtins = new Set(builtinModules)
const clocks = /^(node:)?(timers(\/promises)?|perf_hooks)$/
/** Of the embedded package, the sockets, and the one turn of the event loop that virtual time takes. */
const sockets = /^src[\\/]internal[\\/]tcp\.ts$/
const turn = /^src[\\/]internal[\\/]turn\.ts$/
const isBuiltin = (source) => source.startsWith("node:") || builtins.has(source)

/** Why a file may not import a module, or undefined when it may. */
export const objection = (file, source) => {
  const place = /^(.*?[\\/])?packages[\\/]([^\\/]+)[\\/](.*)$/.exec(file)
  if (place === null) return undefined
  const [, parent = "", pkg, inside] = place
  const production = /^src[\\/]/.test(inside)
  if (source.startsWith(".")) {
    const home = Path.join(parent, "packages", pkg)
    const target = Path.join(Path.dirname(file), source)
    if (production && Path.relative(home, target).startsWith("..")) {
      return `${pkg} reaches out of its folder: import the other package by its name`
    }
    if (/[\\/]packages[\\/]/.test(`/${target}`) && Path.relative(home, target).startsWith("..")) {
      return `${pkg} reaches into another package's folder: import that package by its name`
    }
    return undefined
  }
  if (source.startsWith("@effect/schema")) return "@effect/schema is retired: effect/Schema"
  if (source.startsWith(scope)) {
    const [other, ...rest] = source.slice(scope.length).split("/")
    if (other === pkg) return production ? "a package imports its own modules by relative paths" : undefined
    if (rest[0] === "internal") return `${source} is internal to ${other}`
    const allowed = below[pkg] ?? servers
    return allowed.includes(other)
      ? undefined
      : `${pkg} may import ${
        allowed.length === 0 ? "no package of the workspace" : `only ${allowed.join(", ")}`
      }, not ${other}`
  }
  if (!production || !isBuiltin(source)) return undefined
  if (pkg === "protocol" || pkg === "client") return `${pkg} runs on every platform: ${source} is Node's`
  if (pkg === "embedded" && !turn.test(inside) && clocks.test(source)) {
    return `embedded lives by Effect's Clock: ${source} is real time`
  }
  if (pkg === "embedded" && !sockets.test(inside) && !turn.test(inside)) {
    return `of embedded only internal/tcp may import ${source}`
  }
  return undefined
}

const importDirection = {
  meta: { type: "problem", schema: [], messages: { objection: "{{ why }}" } },
  create(context) {
    const check = (node) => {
      if (node?.type !== "Literal" || typeof node.value !== "string") return
      const why = objection(context.filename, node.value)
      if (why !== undefined) context.report({ node, messageId: "objection", data: { why } })
    }
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source),
      "CallExpression[callee.name='require']": (node) => check(node.arguments[0])
    }
  }
}

export default { rules: { "import-direction": importDirection } }
