/**
 * The words of an SQL92 expression, as RocketMQ's grammar cuts them: one at a time, so that what stands behind the end of
 * an expression is never looked at.
 *
 * @since 0.1.0
 */

export type Kind = "word" | "id" | "string" | "whole" | "float" | "symbol" | "end"

export interface Token {
  readonly kind: Kind
  /** Keywords in capitals, strings without their quotes, the rest as it was written. */
  readonly text: string
  readonly at: number
}

/** What is wrong with an expression. Thrown by the lexer and the parser, caught where an expression is compiled. */
export class SqlError extends Error {}

const words: ReadonlySet<string> = new Set([
  "NOT",
  "AND",
  "OR",
  "BETWEEN",
  "IN",
  "TRUE",
  "FALSE",
  "NULL",
  "IS",
  "CONTAINS",
  "STARTSWITH",
  "ENDSWITH"
])

const space = /[ \t\n\r\f]+/y
/** A comment needs its end of line: without one it is two minus signs. */
const lineComment = /--[^\n\r]*(?:\r\n|\n|\r)/y
const float = /(?:[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)/y
/** 007 is three numbers. */
const whole = /(?:0|[1-9][0-9]*[lL]?)/y
const id = /[A-Za-z_$][A-Za-z0-9_$]*/y
const symbol = /(?:<>|>=|<=|[=<>(),+-])/y

/** "at line 1, column 3", counted as Java's lexer does. */
export const place = (sql: string, at: number): string => {
  const lines = sql.slice(0, at).split(/\r\n|\n|\r/)
  return `at line ${lines.length}, column ${lines[lines.length - 1]!.length + 1}`
}

/** The end of a string that starts at `from`, behind its last quote; undefined when it has none. */
const endOfString = (sql: string, from: number): number | undefined => {
  let end: number | undefined
  for (let at = from + 1; at < sql.length; at++) {
    if (sql[at] !== "'") continue
    end = at + 1
    if (sql[at + 1] !== "'") return end
    at++
  }
  // a doubled quote with nothing behind it: the first of the two was the end
  return end
}

/** Gives the next token each time it is called; at the end always the same one. */
export const lexer = (sql: string): () => Token => {
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(sql)?.[0]
  }
  const skip = (): void => {
    while (at < sql.length) {
      const blank = match(space) ?? match(lineComment)
      if (blank !== undefined) {
        at += blank.length
        continue
      }
      const close = sql.startsWith("/*", at) ? sql.indexOf("*/", at + 2) : -1
      if (close < 0) return
      at = close + 2
    }
  }
  const token = (kind: Kind, length: number, text: string): Token => {
    const found = { kind, text, at }
    at += length
    return found
  }
  return () => {
    skip()
    if (at >= sql.length) return { kind: "end", text: "<EOF>", at }
    if (sql[at] === "'") {
      const end = endOfString(sql, at)
      if (end !== undefined) return token("string", end - at, sql.slice(at + 1, end - 1).replaceAll("''", "'"))
    }
    const number = match(float)
    if (number !== undefined) return token("float", number.length, number)
    const digits = match(whole)
    if (digits !== undefined) return token("whole", digits.length, digits)
    const name = match(id)
    if (name !== undefined) {
      const word = name.toUpperCase()
      return words.has(word) ? token("word", name.length, word) : token("id", name.length, name)
    }
    const sign = match(symbol)
    if (sign !== undefined) return token("symbol", sign.length, sign)
    throw new SqlError(
      `org.apache.rocketmq.filter.parser.TokenMgrError: Lexical error ${place(sql, at)}.  Encountered: ` +
        `"${sql[at]}" (${sql.charCodeAt(at)}), after : ""`
    )
  }
}
