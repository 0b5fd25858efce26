import { Consumer, PopConsumer, Producer, TransactionProducer } from "@effect-rocketmq/client"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigError, ConfigProvider, ConfigProviderPathPatch, Effect, HashSet } from "effect"
import * as Fs from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeRocketMQ from "../src/NodeRocketMQ.js"

const readme = Fs.readFileSync(fileURLToPath(new URL("../../client/README.md", import.meta.url)), "utf8")

/** The variables of the tables. */
const documented = new Set(
  readme.split("\n").filter((line) => line.startsWith("|")).flatMap((line) => line.match(/ROCKETMQ_[A-Z_]+/g) ?? [])
)

/** Every variable that a config asks for. */
const askedFor = (config: Config.Config<unknown>) =>
  Effect.gen(function*() {
    const asked = new Set<string>()
    const provider = ConfigProvider.fromFlat(ConfigProvider.makeFlat({
      load: (path) => {
        asked.add(path.join("_"))
        return Effect.fail(ConfigError.MissingData([...path], "nothing is there"))
      },
      enumerateChildren: () => Effect.succeed(HashSet.empty()),
      patch: ConfigProviderPathPatch.empty
    }))
    yield* Effect.ignore(provider.load(config))
    return asked
  })

describe("variables", () => {
  it.effect("the README has every one that is read, and no other", () =>
    Effect.gen(function*() {
      // the variables of transactions are beside those of producers
      const asked = yield* askedFor(
        Config.all([NodeRocketMQ.config, TransactionProducer.config, Consumer.config, PopConsumer.config])
      )
      assert.deepStrictEqual(Array.from(documented).sort(), Array.from(asked).sort())
    }))

  it.effect("the doc comment of Producer.config has every one of its own", () =>
    Effect.gen(function*() {
      const source = Fs.readFileSync(fileURLToPath(new URL("../../client/src/Producer.ts", import.meta.url)), "utf8")
      const asked = yield* askedFor(Producer.config)
      assert.deepStrictEqual(Array.from(new Set(source.match(/ROCKETMQ_[A-Z_]+/g))).sort(), Array.from(asked).sort())
    }))
})
