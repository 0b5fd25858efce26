/**
 * The value of one property, found in the encoded bytes. For one or two names this is cheaper than building the record of
 * all. Same rules as `MessageProperties.decode`; it goes backwards, since the last entry of a name wins.
 *
 * `name` is ASCII, followed by the separator: `TAGS\x01`.
 */
export const find = (
  bytes: Uint8Array,
  from: number,
  to: number,
  name: Uint8Array
): { readonly from: number; readonly to: number } | undefined => {
  const size = name.length
  let end = to
  while (end > from) {
    let start = end
    while (start > from && bytes[start - 1] !== 2) start--
    if (end - start > size && bytes[start] === name[0]) {
      let i = 1
      while (i < size && bytes[start + i] === name[i]) i++
      if (i === size) return { from: start + size, to: end }
    }
    end = start - 1
  }
  return undefined
}
