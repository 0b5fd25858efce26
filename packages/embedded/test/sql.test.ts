import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import * as Fs from "node:fs"
import * as Sql from "../src/internal/sql.js"

interface Vectors {
  readonly properties: ReadonlyArray<Readonly<Record<string, string>>>
  /** An expression, and a 1 for each of the properties that it is true for; null when it does not parse. */
  readonly rows: ReadonlyArray<readonly [string, string | null]>
}

const vectors: Vectors = JSON.parse(Fs.readFileSync(new URL("./vectors/sql.json", import.meta.url), "utf8"))

const truth = (sql: string): string | null =>
  Either.match(Sql.compile(sql), {
    onLeft: () => null,
    onRight: (matches) => vectors.properties.map((properties) => matches(properties) ? "1" : "0").join("")
  })

describe("SQL92", () => {
  it("judges every expression of the table as Apache RocketMQ does", () => {
    assert.isAbove(vectors.rows.length, 500)
    for (const [sql, expected] of vectors.rows) assert.strictEqual(truth(sql), expected, JSON.stringify(sql))
  })

  it("says what it met and where", () => {
    const problem = (sql: string) => Either.getOrElse(Either.flip(Sql.compile(sql)), () => "none")
    assert.match(problem("a ="), /^org.apache.rocketmq.filter.parser.ParseException: Encountered "<EOF>"/)
    assert.match(problem("a = 1\n  AND )"), /Encountered "\)" at line 2, column 7/)
    assert.match(problem("a # 1"), /TokenMgrError: Lexical error at line 1, column 3\./)
    assert.match(problem("a > 'x'"), /RuntimeException: Value 'x' cannot be compared/)
  })

  it("takes long chains and much nesting, and refuses what is nested without end", () => {
    const long = Either.getOrThrow(Sql.compile(`a = 1${" AND a = 1".repeat(20_000)}`))
    assert.isTrue(long({ a: "1" }))
    assert.isFalse(long({ a: "2" }))
    assert.isTrue(Either.getOrThrow(Sql.compile(`${"(".repeat(900)}a = 1${")".repeat(900)}`))({ a: "1" }))
    assert.isTrue(Either.isLeft(Sql.compile("(".repeat(100_000))))
    assert.isTrue(Either.isLeft(Sql.compile("NOT ".repeat(100_000))))
  })
})
