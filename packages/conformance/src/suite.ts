/**
 * Every behaviour.
 *
 * @since 0.1.0
 */
import type { Behaviour } from "./Behaviour.js"
import { administration } from "./behaviours/administration.js"
import { agreement } from "./behaviours/agreement.js"
import { batching } from "./behaviours/batching.js"
import { broadcast } from "./behaviours/broadcast.js"
import { brokerRequests } from "./behaviours/brokerRequests.js"
import { consuming } from "./behaviours/consuming.js"
import { control } from "./behaviours/control.js"
import { deadLetters } from "./behaviours/deadLetters.js"
import { faults } from "./behaviours/faults.js"
import { filtering } from "./behaviours/filtering.js"
import { members } from "./behaviours/members.js"
import { nameServer } from "./behaviours/nameServer.js"
import { offsets } from "./behaviours/offsets.js"
import { operators } from "./behaviours/operators.js"
import { orderly } from "./behaviours/orderly.js"
import { outcomes } from "./behaviours/outcomes.js"
import { pop } from "./behaviours/pop.js"
import { producing } from "./behaviours/producing.js"
import { pull } from "./behaviours/pull.js"
import { requests } from "./behaviours/requests.js"
import { retries } from "./behaviours/retries.js"
import { routing } from "./behaviours/routing.js"
import { stopping } from "./behaviours/stopping.js"
import { streams } from "./behaviours/streams.js"
import { subscribing } from "./behaviours/subscribing.js"
import { timed } from "./behaviours/timed.js"
import { transactions } from "./behaviours/transactions.js"
import { typed } from "./behaviours/typed.js"
import { validation } from "./behaviours/validation.js"
import { watching } from "./behaviours/watching.js"
import { wire } from "./behaviours/wire.js"

/**
 * In the order in which the layers stand on each other, lowest first.
 *
 * @since 0.1.0
 * @category behaviours
 */
export const suite: ReadonlyArray<Behaviour> = [
  ...wire,
  ...nameServer,
  ...brokerRequests,
  ...validation,
  ...routing,
  ...producing,
  ...outcomes,
  ...batching,
  ...timed,
  ...transactions,
  ...typed,
  ...consuming,
  ...streams,
  ...requests,
  ...filtering,
  ...subscribing,
  ...control,
  ...retries,
  ...deadLetters,
  ...offsets,
  ...pull,
  ...broadcast,
  ...orderly,
  ...pop,
  ...members,
  ...agreement,
  ...stopping,
  ...watching,
  ...operators,
  ...administration,
  ...faults
]
