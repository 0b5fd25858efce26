import * as Fs from "node:fs"

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => Uint8Array.from(Buffer.concat(parts))

/** A golden vector of another implementation. */
export const vector = (file: string, name: string): { readonly bytes: Uint8Array; readonly decoded: any } => {
  const all: Array<any> = JSON.parse(Fs.readFileSync(new URL(`./vectors/${file}.json`, import.meta.url), "utf8"))
  const found = all.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no vector ${name} in ${file}.json`)
  return { bytes: Uint8Array.from(Buffer.from(found.hex ?? "", "hex")), decoded: found.decoded }
}
