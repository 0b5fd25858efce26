/**
 * Which messages of a topic a consumer wants: all of them, those with certain tags, or those that an SQL expression
 * over their properties picks.
 *
 * @since 0.1.0
 */

/**
 * Which messages of a topic are wanted.
 *
 * @since 0.1.0
 * @category models
 */
export type MessageSelector = All | Tags | Sql

/**
 * Every message.
 *
 * @since 0.1.0
 * @category models
 */
export interface All {
  readonly _tag: "All"
}

/**
 * Messages whose tag is one of these, exactly: what merely has the same hash is not delivered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tags {
  readonly _tag: "Tags"
  readonly tags: ReadonlyArray<string>
}

/**
 * Messages for which the broker finds the expression true. The broker needs `enablePropertyFilter=true`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sql {
  readonly _tag: "Sql"
  readonly expression: string
}

/**
 * Every message of the topic.
 *
 * @since 0.1.0
 * @category constructors
 */
export const all: MessageSelector = { _tag: "All" }

/**
 * Messages with one of the tags. Spaces around a tag do not count, as for all RocketMQ clients.
 *
 * @example
 * import { MessageSelector } from "@effect-rocketmq/client"
 * import { strictEqual } from "node:assert"
 *
 * strictEqual(MessageSelector.expression(MessageSelector.tags("paid", "refunded")), "paid || refunded")
 *
 * @since 0.1.0
 * @category constructors
 */
export const tags = (...tags: readonly [string, ...Array<string>]): MessageSelector => ({
  _tag: "Tags",
  tags: [...new Set(tags.map((tag) => tag.trim()))]
})

/**
 * Messages whose properties satisfy an SQL92 expression, such as `a > 3 AND region = 'eu'`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const sql = (expression: string): MessageSelector => ({ _tag: "Sql", expression })

/**
 * The selector as brokers read it: `*`, tags joined by `||`, or the SQL.
 *
 * @since 0.1.0
 * @category combinators
 */
export const expression = (self: MessageSelector): string => {
  switch (self._tag) {
    case "All":
      return "*"
    case "Tags":
      return self.tags.join(" || ")
    case "Sql":
      return self.expression
  }
}

/**
 * What is wrong with a selector, as a sentence without a full stop; `undefined` when nothing is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const problem = (self: MessageSelector): string | undefined => {
  switch (self._tag) {
    case "All":
      return undefined
    case "Tags": {
      if (self.tags.length === 0) return "no tag is given; use MessageSelector.all for every message"
      for (const tag of self.tags) {
        if (tag.length === 0) return "a tag is empty; use MessageSelector.all for every message"
        if (tag === "*") return "\"*\" is no tag; use MessageSelector.all for every message"
        if (tag.includes("|")) return `tag "${tag}" holds "|", which separates tags; give them one by one`
      }
      return undefined
    }
    case "Sql":
      return self.expression.trim().length === 0 ? "the SQL expression is empty" : undefined
  }
}
