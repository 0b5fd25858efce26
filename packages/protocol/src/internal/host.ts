/** Addresses of hosts as messages and ids carry them: 4 or 16 bytes of ip, then a port. */

const format4 = (bytes: Uint8Array, at: number): string =>
  `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`

/** RFC 5952: lower case, the longest run of zeros as `::`. */
const format6 = (bytes: Uint8Array, at: number): string => {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[at + 2 * i]! << 8) | bytes[at + 2 * i + 1]!)
  let start = -1
  let longest = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > longest) {
      start = i
      longest = end - i
    }
    if (end > i) i = end
  }
  const hex = (part: ReadonlyArray<number>) => part.map((group) => group.toString(16)).join(":")
  return start < 0 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + longest))}`
}

export const formatIp = (bytes: Uint8Array, at: number, size: number): string =>
  size === 4 ? format4(bytes, at) : format6(bytes, at)

export const format = (bytes: Uint8Array, at: number, size: number, port: number): string =>
  size === 4 ? `${format4(bytes, at)}:${port}` : `[${format6(bytes, at)}]:${port}`

/** One to three digits up to 255, four times, with dots between them. Without pieces of text: every stored message has two. */
const parse4 = (text: string, end = text.length): Uint8Array | undefined => {
  const bytes = new Uint8Array(4)
  let part = 0
  let value = 0
  let digits = 0
  for (let i = 0; i <= end; i++) {
    const c = i === end ? 0x2e : text.charCodeAt(i)
    if (c >= 0x30 && c <= 0x39 && digits < 3) {
      value = value * 10 + c - 0x30
      digits++
    } else {
      if (c !== 0x2e || digits === 0 || value > 255 || part === 4) return undefined
      bytes[part++] = value
      value = digits = 0
    }
  }
  return part === 4 ? bytes : undefined
}

const parse6 = (text: string): Uint8Array | undefined => {
  const halves = text.split("::")
  if (halves.length > 2) return undefined
  const groupsOf = (half: string): Array<number> | undefined => {
    const groups: Array<number> = []
    if (half === "") return groups
    const parts = half.split(":")
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!
      const v4 = i === parts.length - 1 && part.includes(".") ? parse4(part) : undefined
      if (v4 !== undefined) groups.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!)
      else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(parseInt(part, 16))
      else return undefined
    }
    return groups
  }
  const head = groupsOf(halves[0]!)
  const tail = halves.length === 2 ? groupsOf(halves[1]!) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  head.forEach((group, i) => view.setUint16(2 * i, group))
  tail.forEach((group, i) => view.setUint16(2 * (head.length + missing + i), group))
  return bytes
}

export const parseIp = (text: string): Uint8Array | undefined => text.includes(":") ? parse6(text) : parse4(text)

/** Up to ten digits that are no more than an `int`; -1 when they are not. */
const parsePort = (text: string, at: number): number => {
  let port = 0
  for (let i = at; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x30 || c > 0x39) return -1
    port = port * 10 + c - 0x30
  }
  return text.length - at < 1 || text.length - at > 10 || port > 0x7fffffff ? -1 : port
}

interface Host {
  readonly ip: Uint8Array
  readonly port: number
}

const read = (text: string): Host | undefined => {
  const at = text.lastIndexOf(":")
  const port = at < 0 ? -1 : parsePort(text, at + 1)
  if (port < 0) return undefined
  const ip = text.startsWith("[") && text[at - 1] === "]" ? parse6(text.slice(1, at - 1)) : parse4(text, at)
  return ip === undefined ? undefined : { ip, port }
}

/** Every stored message has two hosts, and they are nearly always the same few. */
const known = new Map<string, Host>()

/** `1.2.3.4:10911` or `[::1]:10911`. Host names are not resolved: they are no addresses. */
export const parse = (text: string): Host | undefined => {
  const seen = known.get(text)
  if (seen !== undefined) return seen
  const host = read(text)
  if (host === undefined) return undefined
  if (known.size === 256) known.clear()
  known.set(text, host)
  return host
}

const digits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0").toUpperCase())

/** Upper case hex of a range. */
export const hex = (bytes: Uint8Array, from: number, to: number): string => {
  let text = ""
  for (let i = from; i < to; i++) text += digits[bytes[i]!]
  return text
}
