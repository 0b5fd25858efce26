const valueAt = (text: string, from: number): string => {
  const end = text.indexOf("\x02", from)
  return end < 0 ? text.slice(from) : text.slice(from, end)
}

/** The value of the property whose encoded start is `entry`: separator, name, separator. */
export const find = (text: string, entry: string): string | undefined => {
  let last: string | undefined
  // the last entry of a name wins, unless it has no value
  for (let at = text.indexOf(entry); at >= 0; at = text.indexOf(entry, at + 1)) {
    const value = valueAt(text, at + entry.length)
    if (value !== "") last = value
  }
  if (last !== undefined) return last
  if (!text.startsWith(entry.slice(1))) return undefined
  const value = valueAt(text, entry.length - 1)
  return value === "" ? undefined : value
}
