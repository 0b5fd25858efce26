/**
 * The ids that a broker gives: the offset message id and, to messages that came without one, the unique id.
 *
 * @since 0.1.0
 */

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0")

/** First part of every offset id of a broker: its IPv4 address and port, 16 digits (40 for IPv6). */
export const hostPrefix = (storeHost: string): string => {
  const at = storeHost.lastIndexOf(":")
  const host = storeHost.slice(0, at).replace(/^\[(.*)\]$/, "$1")
  const port = hex(Number(storeHost.slice(at + 1)), 8)
  return host.includes(":")
    ? ipv6(host) + port
    : host.split(".").map((part) => hex(Number(part) & 0xff, 2)).join("") + port
}

const ipv6 = (host: string): string => {
  const [head = "", tail] = host.split("::")
  const words = (text: string) => text === "" ? [] : text.split(":").map((word) => hex(parseInt(word, 16), 4))
  const left = words(head)
  const right = tail === undefined ? [] : words(tail)
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0000"), ...right].join("")
}

export const offsetId = (prefix: string, commitLogOffset: number): string => prefix + hex(commitLogOffset, 16)

/** The commit log offset in an offset id; undefined when the text is none. */
export const offsetOf = (id: string): number | undefined =>
  /^([0-9a-fA-F]{32}|[0-9a-fA-F]{56})$/.test(id) ? parseInt(id.slice(-16), 16) : undefined

/** Unique ids of one broker, 32 digits: address, a number of this run, the time within 49 days, a counter. */
export const makeUnique = (prefix: string, seed: number): (now: number) => string => {
  const head = prefix.slice(0, 8) + "0000" + hex(seed >>> 0, 8)
  let counter = 0
  return (now) => {
    counter = (counter + 1) & 0xffff
    return head + hex(now % 0x100000000, 8) + hex(counter, 4)
  }
}
