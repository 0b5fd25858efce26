/**
 * The language of a peer: one byte in a binary header, a name in a JSON header.
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { byCode } from "./internal/names.js"
import { UnsupportedLanguageError } from "./ProtocolError.js"

/** Java.
 * @since 0.1.0
 * @category codes */
export const JAVA = 0

/** C++; brokers write the reset-offset push as a list for it.
 * @since 0.1.0
 * @category codes */
export const CPP = 1

/** .NET.
 * @since 0.1.0
 * @category codes */
export const DOTNET = 2

/** Python.
 * @since 0.1.0
 * @category codes */
export const PYTHON = 3

/** Delphi.
 * @since 0.1.0
 * @category codes */
export const DELPHI = 4

/** Erlang.
 * @since 0.1.0
 * @category codes */
export const ERLANG = 5

/** Ruby.
 * @since 0.1.0
 * @category codes */
export const RUBY = 6

/** Anything else; safe for every broker.
 * @since 0.1.0
 * @category codes */
export const OTHER = 7

/** HTTP.
 * @since 0.1.0
 * @category codes */
export const HTTP = 8

/** Go.
 * @since 0.1.0
 * @category codes */
export const GO = 9

/** PHP.
 * @since 0.1.0
 * @category codes */
export const PHP = 10

/** OpenMessaging.
 * @since 0.1.0
 * @category codes */
export const OMS = 11

/** Rust.
 * @since 0.1.0
 * @category codes */
export const RUST = 12

/** Node.js; known to 5.x brokers only.
 * @since 0.1.0
 * @category codes */
export const NODE_JS = 13

/**
 * All codes by name.
 * @since 0.1.0
 * @category codes
 */
export const all = {
  JAVA,
  CPP,
  DOTNET,
  PYTHON,
  DELPHI,
  ERLANG,
  RUBY,
  OTHER,
  HTTP,
  GO,
  PHP,
  OMS,
  RUST,
  NODE_JS
} as const

/**
 * A language code this toolkit knows.
 * @since 0.1.0
 * @category models
 */
export type LanguageCode = typeof all[keyof typeof all]

const names = byCode(all)
const codes = new Map<string, LanguageCode>(Object.entries(all))

/**
 * Java's name of a language code; `OTHER` when it is unknown, so that every broker can read it.
 * @since 0.1.0
 * @category combinators
 */
export const nameOf = (code: number): string => names.get(code) ?? "OTHER"

/**
 * The code of a name; fails with `UnsupportedLanguageError` when no language has it.
 * @since 0.1.0
 * @category constructors
 */
export const fromName = (name: string): Either.Either<LanguageCode, UnsupportedLanguageError> => {
  const code = codes.get(name)
  return code === undefined ? Either.left(new UnsupportedLanguageError({ language: name })) : Either.right(code)
}

/**
 * The code of a name as a received header is read: an unknown name is `OTHER`, since peers may be newer than this.
 * @since 0.1.0
 * @category constructors
 */
export const lenient = (name: string): LanguageCode => codes.get(name) ?? OTHER
