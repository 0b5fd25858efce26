import * as fs from "node:fs"

export interface FrameVector {
  readonly name: string
  readonly hex: string
  readonly decoded: {
    readonly serializeType: 0 | 1
    readonly header: {
      readonly code: number
      readonly language: string | number
      readonly version: number
      readonly opaque: number
      readonly flag: number
      readonly remark?: string
      readonly extFields?: Record<string, string>
    }
    readonly bodyText?: string
    readonly bodyHex?: string
  }
}

export interface BodyVector {
  readonly name: string
  readonly hex: string
  readonly decoded: { readonly text: string }
}

const read = (name: string): unknown =>
  JSON.parse(fs.readFileSync(new URL(`./vectors/${name}.json`, import.meta.url), "utf8"))

export const frames = read("frames") as ReadonlyArray<FrameVector>
export const bodies = read("bodies") as ReadonlyArray<BodyVector>

export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16))
export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")
export const frame = (name: string): FrameVector => frames.find((vector) => vector.name === name)!
export const bodyOf = (name: string): Uint8Array => bytesOf(bodies.find((vector) => vector.name === name)!.hex)
