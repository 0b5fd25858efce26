/**
 * Bits of a message's `sysFlag` and of a pull request's `sysFlag`.
 *
 * @since 0.1.0
 */

/**
 * The stored body is compressed; {@link COMPRESSION_TYPE_MASK} says how.
 *
 * @since 0.1.0
 * @category models
 */
export const COMPRESSED_FLAG = 0x1

/**
 * The message carries several tags. No known client writes it.
 *
 * @since 0.1.0
 * @category models
 */
export const MULTI_TAGS_FLAG = 0x2

/**
 * Transaction state: an ordinary message.
 *
 * @since 0.1.0
 * @category models
 */
export const TRANSACTION_NOT_TYPE = 0x0

/**
 * Transaction state: a half message, not visible to consumers.
 *
 * @since 0.1.0
 * @category models
 */
export const TRANSACTION_PREPARED_TYPE = 0x4

/**
 * Transaction state: committed.
 *
 * @since 0.1.0
 * @category models
 */
export const TRANSACTION_COMMIT_TYPE = 0x8

/**
 * Transaction state: rolled back.
 *
 * @since 0.1.0
 * @category models
 */
export const TRANSACTION_ROLLBACK_TYPE = 0xc

/**
 * `bornHost` is 16 bytes of IPv6.
 *
 * @since 0.1.0
 * @category models
 */
export const BORNHOST_V6_FLAG = 0x10

/**
 * `storeHost` is 16 bytes of IPv6.
 *
 * @since 0.1.0
 * @category models
 */
export const STOREHOSTADDRESS_V6_FLAG = 0x20

/**
 * The body holds several messages that a consumer has to unwrap (4.2).
 *
 * @since 0.1.0
 * @category models
 */
export const NEED_UNWRAP_FLAG = 0x40

/**
 * The record is an inner batch (4.2).
 *
 * @since 0.1.0
 * @category models
 */
export const INNER_BATCH_FLAG = 0x80

/**
 * The bits that name the compression of the body; read them with `CompressionType.fromSysFlag`.
 *
 * @since 0.1.0
 * @category models
 */
export const COMPRESSION_TYPE_MASK = 0x700

/**
 * Pull requests: the request carries an offset to commit.
 *
 * @since 0.1.0
 * @category models
 */
export const PULL_COMMIT_OFFSET = 0x1

/**
 * Pull requests: the broker may hold the request until a message arrives (long polling).
 *
 * @since 0.1.0
 * @category models
 */
export const PULL_SUSPEND = 0x2

/**
 * Pull requests: the request carries its subscription expression.
 *
 * @since 0.1.0
 * @category models
 */
export const PULL_SUBSCRIPTION = 0x4

/**
 * Pull requests: the subscription is a class filter (withdrawn in 5.x).
 *
 * @since 0.1.0
 * @category models
 */
export const PULL_CLASS_FILTER = 0x8

/**
 * Pull requests: a lite pull, whose subscription the broker does not expect in heartbeats.
 *
 * @since 0.1.0
 * @category models
 */
export const PULL_LITE_PULL = 0x10

/**
 * Whether the stored body is compressed.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isCompressed = (sysFlag: number): boolean => (sysFlag & COMPRESSED_FLAG) !== 0

/**
 * Whether the record is a batch that a consumer has to unwrap.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isInnerBatch = (sysFlag: number): boolean =>
  (sysFlag & (NEED_UNWRAP_FLAG | INNER_BATCH_FLAG)) === (NEED_UNWRAP_FLAG | INNER_BATCH_FLAG)

/**
 * The transaction state: one of the `TRANSACTION_*_TYPE` constants.
 *
 * @since 0.1.0
 * @category combinators
 */
export const transactionType = (sysFlag: number): number => sysFlag & TRANSACTION_ROLLBACK_TYPE

/**
 * The same flags with another transaction state.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTransactionType = (sysFlag: number, type: number): number =>
  (sysFlag & ~TRANSACTION_ROLLBACK_TYPE) | (type & TRANSACTION_ROLLBACK_TYPE)

/**
 * The same flags without compression, for a body that has been inflated. As Java does, the type bits stay.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withoutCompressed = (sysFlag: number): number => sysFlag & ~COMPRESSED_FLAG
