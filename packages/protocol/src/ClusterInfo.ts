/**
 * Clusters, brokers and addresses: the answer to GET_BROKER_CLUSTER_INFO.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { clusterInfo as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"
import type * as TopicRouteData from "./TopicRouteData.js"

/**
 * The brokers known to a name server.
 * @since 0.1.0
 * @category models
 */
export interface ClusterInfo {
  /** By broker name. */
  readonly brokerAddrTable: ReadonlyMap<string, TopicRouteData.BrokerData>
  /** Broker names by cluster. */
  readonly clusterAddrTable: ReadonlyMap<string, ReadonlyArray<string>>
}

const self = body("ClusterInfo", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ClusterInfo): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ClusterInfo, DeserializationError> => self.decode(bytes)
