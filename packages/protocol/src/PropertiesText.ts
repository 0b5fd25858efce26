/**
 * Settings as Java's properties text, `name=value` by line: bodies of the requests that read or change settings.
 * @since 0.1.0
 */

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f" }
const unescapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f" }

const escape = (text: string, special: RegExp): string =>
  text.replace(special, (c) => escapes[c] ?? `\\${c}`).replace(/^ /, "\\ ")

const unescape = (text: string): string =>
  text.replace(
    /\\(?:u([0-9a-fA-F]{4})|([^]))/g,
    (_, hex: string | undefined, c: string) =>
      hex === undefined ? unescapes[c] ?? c : String.fromCharCode(parseInt(hex, 16))
  )

/**
 * The text of settings.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (settings: Readonly<Record<string, string>>): Uint8Array =>
  new TextEncoder().encode(
    Object.entries(settings).map(([name, value]) =>
      `${escape(name, /[\\\n\r\t\f=:#! ]/g)}=${escape(value, /[\\\n\r\t\f]/g)}\n`
    ).join("")
  )

/**
 * Settings of a text. Total: empty lines and comments are skipped, a line without a separator is a name with no value,
 * of duplicate names the last wins.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Readonly<Record<string, string>> => {
  const settings: Record<string, string> = Object.create(null)
  const text = new TextDecoder().decode(bytes)
  // an odd number of backslashes at the end of a line joins it with the next
  const lines = text.replace(/(?<!\\)((?:\\\\)*)\\(?:\r\n|\n|\r)[ \t\f]*/g, "$1").split(/\r\n|\n|\r/)
  for (const raw of lines) {
    const line = raw.replace(/^[ \t\f]+/, "")
    if (line === "" || line[0] === "#" || line[0] === "!") continue
    let end = 0
    while (end < line.length && !/[=: \t\f]/.test(line[end]!)) end += line[end] === "\\" ? 2 : 1
    const value = line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, "")
    settings[unescape(line.slice(0, end))] = unescape(value)
  }
  return settings
}
