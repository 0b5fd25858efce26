/**
 * What servers are called where a test or a fault names them.
 *
 * @since 0.1.0
 */
import { NAME_SERVER } from "../Fault.js"

/** namesrv, namesrv-2, … */
export const nameServerName = (index: number): string => index === 0 ? NAME_SERVER : `${NAME_SERVER}-${index + 1}`

/** broker-a, and broker-a/1 for its slave with the id 1. */
export const serverName = (brokerName: string, id: number): string => id === 0 ? brokerName : `${brokerName}/${id}`
