/**
 * A place for throw-away experiments: never imported, never published.
 */
import { Console, Effect } from "effect"

Effect.runSync(Console.log("hello"))
