/**
 * Versions of RocketMQ as they travel: the ordinal in Java's list of versions.
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { UnsupportedVersionError } from "./ProtocolError.js"

/**
 * RocketMQ 5.5.0: what this toolkit says of itself. Brokers give strict JSON routes from 401 on.
 * @since 0.1.0
 * @category constants
 */
export const CURRENT = 513

/**
 * RocketMQ 4.9.4: from here on name servers answer strict JSON routes.
 * @since 0.1.0
 * @category constants
 */
export const V4_9_4 = 401

/**
 * RocketMQ 5.0.0: from here on brokers know pop consumption, timer messages and LZ4 and ZSTD bodies.
 * @since 0.1.0
 * @category constants
 */
export const V5_0_0 = 413

/**
 * RocketMQ 5.3.2: from here on brokers give handles for timer messages, by which these are recalled.
 * @since 0.1.0
 * @category constants
 */
export const V5_3_2 = 477

/**
 * RocketMQ 4.1.0-SNAPSHOT: the oldest broker that filters by SQL92.
 * @since 0.1.0
 * @category constants
 */
export const V4_1_0_SNAPSHOT = 232

/**
 * Any version newer than Java's list.
 * @since 0.1.0
 * @category constants
 */
export const HIGHER_VERSION = 612

const oldest = [
  "3.0.0-SNAPSHOT",
  "3.0.0-ALPHA1",
  "3.0.0-BETA1",
  "3.0.0-BETA2",
  "3.0.0-BETA3",
  "3.0.0-BETA4",
  "3.0.0-BETA5",
  "3.0.0-BETA6-SNAPSHOT",
  "3.0.0-BETA6",
  "3.0.0-BETA7-SNAPSHOT",
  "3.0.0-BETA7",
  "3.0.0-BETA8-SNAPSHOT",
  "3.0.0-BETA8",
  "3.0.0-BETA9-SNAPSHOT",
  "3.0.0-BETA9",
  "3.0.0-FINAL"
]

// first ordinal, name of the minor version, first patch; each patch has a snapshot and a release
const minors: ReadonlyArray<readonly [first: number, name: string, patch: number]> = [
  [16, "3.0", 1],
  [46, "3.1", 0],
  [66, "3.2", 0],
  ...[3, 4, 5, 6, 7, 8, 9].map((minor, i) => [86 + 18 * i, `3.${minor}`, 1] as const),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((minor, i) => [212 + 20 * i, `4.${minor}`, 0] as const),
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((minor, i) => [412 + 20 * i, `5.${minor}`, 0] as const)
]

/**
 * The name of a version ordinal, such as `5.5.0` or `4.1.0-SNAPSHOT`.
 * @since 0.1.0
 * @category combinators
 */
export const nameOf = (version: number): string => {
  if (!Number.isInteger(version) || version < 0) return `${version}`
  if (version >= HIGHER_VERSION) return "HIGHER_VERSION"
  const old = oldest[version]
  if (old !== undefined) return old
  let minor = minors[0]!
  for (const candidate of minors) if (candidate[0] <= version) minor = candidate
  const step = version - minor[0]
  return `${minor[1]}.${minor[2] + (step >> 1)}${(step & 1) === 0 ? "-SNAPSHOT" : ""}`
}

/**
 * The ordinal of a version's name, such as `4.9.8`; undefined for one that is not on Java's list.
 * @since 0.1.0
 * @category combinators
 */
export const fromName = (name: string): number | undefined => {
  for (let version = 0; version <= HIGHER_VERSION; version++) if (nameOf(version) === name) return version
  return undefined
}

/**
 * Fails with `UnsupportedVersionError` when a peer is older than a feature needs.
 * @since 0.1.0
 * @category combinators
 */
export const require = (
  version: number,
  needed: number,
  feature: string
): Either.Either<void, UnsupportedVersionError> =>
  version >= needed ? Either.void : Either.left(new UnsupportedVersionError({ version, needed, feature }))
