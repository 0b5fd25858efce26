/** Where the parts of one entry of a batch body are. */
export interface Entry {
  readonly size: number
  readonly flag: number
  readonly bodyCrc: number
  readonly bodyAt: number
  readonly bodySize: number
  readonly propertiesAt: number
  readonly propertiesSize: number
}

const HEAD = 20

/** Bytes of an entry beside its body and properties. */
export const OVERHEAD = HEAD + 2

/** The size of the entry at `at` when one may step by it, else what is wrong. */
export const sizeAt = (view: DataView, at: number, end: number): number | string => {
  if (end - at < OVERHEAD) return `${end - at} bytes are left, an entry has at least ${OVERHEAD}`
  const size = view.getInt32(at)
  if (size < OVERHEAD) return `its size is given as ${size}, at least ${OVERHEAD} is needed`
  return size > end - at ? `its size is given as ${size}, but ${end - at} bytes are left` : size
}

/** The entry at `at`, whose size is known to be sane, or what is wrong with it. */
export const entryAt = (view: DataView, at: number, size: number): Entry | string => {
  const bodySize = view.getInt32(at + 16)
  if (bodySize < 0 || bodySize > size - OVERHEAD) return `its body size is given as ${bodySize}, in an entry of ${size}`
  const propertiesAt = at + OVERHEAD + bodySize
  const propertiesSize = view.getInt16(propertiesAt - 2)
  if (propertiesSize < 0 || propertiesAt + propertiesSize > at + size) {
    return `its properties size is given as ${propertiesSize}, in an entry of ${size}`
  }
  return {
    size,
    flag: view.getInt32(at + 12),
    bodyCrc: view.getInt32(at + 8),
    bodyAt: at + HEAD,
    bodySize,
    propertiesAt,
    propertiesSize
  }
}
