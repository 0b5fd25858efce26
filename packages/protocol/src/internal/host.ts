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

const parse4 = (text: string): Uint8Array | undefined => {
  const parts = text.split(".")
  if (parts.length !== 4) return undefined
  const bytes = new Uint8Array(4)
  for (let i = 0; i < 4; i++) {
    const part = parts[i]!
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined
    bytes[i] = Number(part)
  }
  return bytes
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

/** `1.2.3.4:10911` or `[::1]:10911`. Host names are not resolved: they are no addresses. */
export const parse = (text: string): { readonly ip: Uint8Array; readonly port: number } | undefined => {
  const at = text.lastIndexOf(":")
  const port = text.slice(at + 1)
  if (at < 0 || !/^\d{1,10}$/.test(port) || Number(port) > 0x7fffffff) return undefined
  const ip = text.startsWith("[") && text[at - 1] === "]" ? parse6(text.slice(1, at - 1)) : parse4(text.slice(0, at))
  return ip === undefined ? undefined : { ip, port: Number(port) }
}

const digits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0").toUpperCase())

/** Upper case hex of a range. */
export const hex = (bytes: Uint8Array, from: number, to: number): string => {
  let text = ""
  for (let i = from; i < to; i++) text += digits[bytes[i]!]
  return text
}
