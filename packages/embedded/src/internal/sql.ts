/**
 * SQL92 filters: the grammar of RocketMQ's `SelectorParser` and the truth that its expressions give, odd corners included.
 * NOT binds tighter than a comparison, an unknown property makes a comparison unknown, and a property that is not the
 * number that it is compared to makes the whole expression false.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type { Token } from "./sqlTokens.js"
import { lexer, place, SqlError } from "./sqlTokens.js"
import type { Value, Whole } from "./sqlValues.js"
import * as Values from "./sqlValues.js"

/** Properties of a message by name. */
export type Properties = Readonly<Record<string, string>>

/** Whether a message with these properties is wanted. Never throws. */
export type Matcher = (properties: Properties) => boolean

type Eval = (properties: Properties) => Value

/** The most that may be nested. */
const MAX_DEPTH = 1000

interface Expression {
  readonly evaluate: Eval
  /** Whether it can stand where a condition is asked for. TRUE, FALSE and NULL are both: constants and conditions. */
  readonly condition: boolean
  /** Its value when that is written down. */
  readonly constant?: { readonly value: Value } | undefined
  readonly property?: string | undefined
  /** Operands of a chain of ANDs or ORs: kept flat, or a long chain would be a deep one. */
  readonly chain?: { readonly of: "AND" | "OR"; readonly operands: Array<Eval> } | undefined
}

const complain = (problem: string): never => {
  throw new SqlError(`java.lang.RuntimeException: ${problem}`)
}

const constantOf = (value: Value, condition = false): Expression => ({
  evaluate: () => value,
  condition,
  constant: { value }
})

const propertyOf = (name: string): Expression => ({
  // a name such as "constructor" finds a function
  evaluate: (properties) => {
    const value: unknown = properties[name]
    return typeof value === "string" ? value : null
  },
  condition: false,
  property: name
})

const conditionOf = (evaluate: Eval): Expression => ({ evaluate, condition: true })

/** A property by itself is never true: its value is a string. */
const asCondition = (self: Expression): Expression => {
  if (self.condition) return self
  if (self.property === undefined) {
    throw new SqlError(
      "org.apache.rocketmq.filter.parser.ParseException: Expression will not result in a boolean value"
    )
  }
  const { evaluate } = self
  return conditionOf((properties) => evaluate(properties) === null ? null : false)
}

const not = (self: Expression): Expression => {
  const { evaluate } = self
  return conditionOf((properties) => {
    const value = evaluate(properties)
    return value === null ? null : value !== true
  })
}

const negative = (self: Expression): Expression => {
  const { evaluate } = self
  return {
    condition: false,
    evaluate: (properties) => {
      const value = evaluate(properties)
      if (typeof value === "number") return -value
      if (!Values.isWhole(value)) return null
      return { whole: -value.whole, long: value.long } satisfies Whole
    }
  }
}

/** AND ends at the first false, OR at the first true; what is unknown until then makes the outcome unknown. */
const chained = (of: "AND" | "OR", left: Expression, right: Expression): Expression => {
  const first = asCondition(left)
  const second = asCondition(right)
  if (first.chain?.of === of) {
    first.chain.operands.push(second.evaluate)
    return first
  }
  const operands = [first.evaluate, second.evaluate]
  const end = of === "OR"
  return {
    condition: true,
    chain: { of, operands },
    evaluate: (properties) => {
      let unknown = false
      for (const evaluate of operands) {
        const value = evaluate(properties)
        if (value === end) return end
        if (value === null) unknown = true
      }
      return unknown ? null : !end
    }
  }
}

const equalUnchecked = (left: Expression, right: Expression): Expression =>
  conditionOf((properties) => {
    const a = left.evaluate(properties)
    const b = right.evaluate(properties)
    // two unknowns are equal: that is what IS NULL is made of
    if (a === null) return b === null ? true : null
    return b === null ? false : Values.compare(a, b) === 0
  })

const equal = (left: Expression, right: Expression): Expression => {
  if (left.constant?.value === null || right.constant?.value === null) complain("'NULL' cannot be compared.")
  if (left.constant !== undefined && right.constant !== undefined && left.condition && !right.condition) {
    complain("a truth value cannot be compared with another constant")
  }
  return equalUnchecked(left, right)
}

const isNull = (self: Expression): Expression => equalUnchecked(self, constantOf(null, true))

const checkOrdered = (self: Expression): void => {
  if (self.constant !== undefined ? !Values.isNumeric(self.constant.value) : self.condition) {
    complain(`Value '${self.constant === undefined ? "a condition" : String(self.constant.value)}' cannot be compared.`)
  }
}

const ordered = (left: Expression, right: Expression, holds: (order: number) => boolean): Expression => {
  checkOrdered(left)
  checkOrdered(right)
  return conditionOf((properties) => {
    const a = left.evaluate(properties)
    if (a === null) return null
    const b = right.evaluate(properties)
    if (b === null) return null
    return holds(
      typeof a === "string" && typeof b === "string"
        ? Values.compare(Values.parseDouble(a), Values.parseDouble(b))
        : Values.compare(a, b)
    )
  })
}

const above = (order: number): boolean => order > 0
const atLeast = (order: number): boolean => order >= 0
const below = (order: number): boolean => order < 0
const atMost = (order: number): boolean => order <= 0

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  ">": above,
  ">=": atLeast,
  "<": below,
  "<=": atMost
}

const between = (self: Expression, low: Expression, high: Expression): Expression => {
  if (low.constant !== undefined && high.constant !== undefined) {
    const least = low.constant.value
    const most = high.constant.value
    if (least === null || most === null) complain("Illegal values of between, values can not be null!")
    else if (Values.compare(most, least) < 0) {
      complain("Illegal values of between, left value must less than or equal to right value")
    }
  }
  return chained("AND", ordered(self, low, atLeast), ordered(self, high, atMost))
}

const notBetween = (self: Expression, low: Expression, high: Expression): Expression =>
  chained("OR", ordered(self, low, below), ordered(self, high, above))

const within = (self: Expression, texts: ReadonlyArray<string>, negated: boolean): Expression => {
  if (self.property === undefined) complain("Expected a property for In expression")
  const set = new Set(texts)
  return conditionOf((properties) => {
    const value = self.evaluate(properties)
    return typeof value === "string" ? set.has(value) !== negated : null
  })
}

const searches: Readonly<Record<string, (text: string, part: string) => boolean>> = {
  CONTAINS: (text, part) => text.includes(part),
  STARTSWITH: (text, part) => text.startsWith(part),
  ENDSWITH: (text, part) => text.endsWith(part)
}

/** False for what is unknown or no string and for an empty part, with NOT as without it. */
const searched = (word: string, self: Expression, part: string, negated: boolean): Expression => {
  const find = searches[word]!
  return conditionOf((properties) => {
    if (part === "") return false
    const value = self.evaluate(properties)
    return typeof value === "string" && find(value, part) !== negated
  })
}

/** How tight an operator binds to what stands left of it. NOT stands there for NOT IN, NOT BETWEEN and the like. */
const powers: Readonly<Record<string, number>> = {
  OR: 1,
  AND: 2,
  "=": 3,
  "<>": 3,
  IS: 3,
  ">": 4,
  ">=": 4,
  "<": 4,
  "<=": 4,
  CONTAINS: 4,
  STARTSWITH: 4,
  ENDSWITH: 4,
  BETWEEN: 4,
  IN: 4,
  NOT: 4
}

const isOperator = (token: Token): boolean => token.kind === "word" || token.kind === "symbol"

/** One pass over an expression; what stands behind its end is not looked at, as in RocketMQ. */
const parse = (sql: string): Expression => {
  const read = lexer(sql)
  let token = read()
  let depth = 0

  const unexpected = (): never => {
    throw new SqlError(
      `org.apache.rocketmq.filter.parser.ParseException: Encountered "${token.text}" ${place(sql, token.at)}.`
    )
  }
  const is = (text: string): boolean => isOperator(token) && token.text === text
  const next = (): Token => {
    const taken = token
    token = read()
    return taken
  }
  const take = (text: string): boolean => {
    if (!is(text)) return false
    next()
    return true
  }
  const expect = (text: string): void => {
    if (!take(text)) unexpected()
  }
  const text = (): string => token.kind === "string" ? next().text : unexpected()

  const literal = (): Expression => {
    switch (token.kind) {
      case "string":
        return constantOf(next().text)
      case "id":
        return propertyOf(next().text)
      case "whole": {
        const { text } = next()
        return constantOf(Values.wholeOf(text.replace(/l$/i, "")) ?? complain(`For input string: "${text}"`))
      }
      case "float": {
        const { text } = next()
        const value = Number(text)
        // 0.0 is refused too: Java's smallest double is above it
        if (value < Number.MIN_VALUE) complain(`${text} is less than 4.9E-324`)
        if (value > Number.MAX_VALUE) complain(`${text} is greater than 1.7976931348623157E308`)
        return constantOf(value)
      }
      default:
        if (take("TRUE")) return constantOf(true, true)
        if (take("FALSE")) return constantOf(false, true)
        if (take("NULL")) return constantOf(null, true)
        return unexpected()
    }
  }

  const unary = (): Expression => {
    if (++depth > MAX_DEPTH) throw new SqlError("java.lang.StackOverflowError")
    try {
      if (take("+")) return unary()
      if (take("-")) return negative(unary())
      if (take("NOT")) return not(asCondition(unary()))
      if (!take("(")) return literal()
      const inner = expression(1)
      expect(")")
      return inner
    } finally {
      depth--
    }
  }

  const texts = (): ReadonlyArray<string> => {
    expect("(")
    const all = [text()]
    while (take(",")) all.push(text())
    expect(")")
    return all
  }

  /** What may also stand behind a NOT. */
  const negatable = (left: Expression, word: string, negated: boolean): Expression => {
    if (word in searches) return searched(word, left, text(), negated)
    if (word === "IN") return within(left, texts(), negated)
    if (word !== "BETWEEN") return unexpected()
    const low = unary()
    expect("AND")
    return negated ? notBetween(left, low, unary()) : between(left, low, unary())
  }

  const binary = (left: Expression, operator: string): Expression => {
    switch (operator) {
      case "OR":
        return chained("OR", left, expression(2))
      case "AND":
        return chained("AND", left, expression(3))
      case "=":
        return equal(left, expression(4))
      case "<>":
        return not(equal(left, expression(4)))
      case "IS": {
        const negated = take("NOT")
        expect("NULL")
        return negated ? not(isNull(left)) : isNull(left)
      }
      case "NOT":
        return negatable(left, token.kind === "word" ? next().text : unexpected(), true)
      default: {
        const holds = comparisons[operator]
        return holds === undefined ? negatable(left, operator, false) : ordered(left, unary(), holds)
      }
    }
  }

  const expression = (least: number): Expression => {
    let left = unary()
    while (isOperator(token) && (powers[token.text] ?? 0) >= least) left = binary(left, next().text)
    return left
  }

  return asCondition(expression(1))
}

/** The filter of an expression; or what is wrong with it, as RocketMQ says it. */
export const compile = (sql: string): Either.Either<Matcher, string> =>
  Either.try({
    try: (): Matcher => {
      const { evaluate } = parse(sql)
      return (properties) => {
        try {
          return evaluate(properties) === true
        } catch {
          return false
        }
      }
    },
    catch: (error) => error instanceof Error ? error.message : String(error)
  })
