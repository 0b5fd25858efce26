/**
 * Values as a person reads them in a failure.
 *
 * @since 0.1.0
 */
import { inspect } from "node:util"

const LIMIT = 4000

export const show = (value: unknown): string => {
  const text = inspect(value, { depth: 6, maxArrayLength: 40, maxStringLength: 400, breakLength: 110 })
  return text.length > LIMIT ? `${text.slice(0, LIMIT)} … (${text.length} characters)` : text
}
