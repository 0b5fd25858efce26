/**
 * What makes a program on a virtual clock go on: its tasks as long as there are any, then the event loop of the process,
 * once, and then the clock.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type * as Utils from "effect/Utils"
import { turn } from "./turn.js"
import type { VirtualClock } from "./virtualClock.js"

export interface Driver {
  /** Where the fibers of the program run. */
  readonly scheduler: Scheduler.Scheduler
  /** Starts the program and gives its result. An interruption is passed on, and waits for the end of the program. */
  readonly drive: <A, E>(start: () => Fiber.RuntimeFiber<A, E>) => Effect.Effect<A, E>
}

/** Rounds of tasks until the event loop gets a turn, so that signals and the test's own time limit are heard. */
const ROUNDS = 256

/** Collects tasks by priority, and tells of each: none runs before its turn. */
class Tasks extends Scheduler.ControlledScheduler {
  private readonly random: Utils.PCGRandom | undefined
  onTask: () => void = () => {}

  constructor(random: Utils.PCGRandom | undefined) {
    super()
    this.random = random
  }

  override scheduleTask(task: Scheduler.Task, priority: number): void {
    this.tasks.scheduleTask(task, priority)
    this.onTask()
  }

  /** Runs the tasks that are there: first come, first served, or in an order by chance. */
  override step(): void {
    const { random } = this
    if (random !== undefined) {
      for (const [, bucket] of this.tasks.buckets) {
        for (let index = bucket.length - 1; index > 0; index--) {
          const other = random.integer(index + 1)
          const task = bucket[index]!
          bucket[index] = bucket[other]!
          bucket[other] = task
        }
      }
    }
    super.step()
  }

  get isEmpty(): boolean {
    return this.tasks.buckets.length === 0
  }
}

/**
 * @param within milliseconds of the clock that the program has, and once more as much for its end
 * @param random the order of tasks that could run in any; without it, the order of their coming
 */
export const make = (clock: VirtualClock, within: number, random: Utils.PCGRandom | undefined): Driver => {
  const tasks = new Tasks(random)
  let limit = clock.unsafeCurrentTimeMillis() + within
  let running = true
  let turning = false
  /** Whether the event loop had its turn since the last task: what came from it would have made one. */
  let quiet = false
  let onLimit: () => void = () => {}

  const later = () => {
    if (turning) return
    turning = true
    turn(step)
  }
  const step = () => {
    turning = false
    if (!running) return
    if (tasks.isEmpty && quiet) {
      quiet = false
      const next = clock.next()
      // whoever holds the clock makes a task when it is done, and so does the outside world
      if (next === undefined || clock.isHeld()) return
      if (next > limit) {
        limit += within
        onLimit()
      } else clock.advance()
    }
    for (let round = 0; round < ROUNDS && !tasks.isEmpty; round++) tasks.step()
    quiet = tasks.isEmpty
    if (running) later()
  }
  tasks.onTask = later

  return {
    scheduler: tasks,
    drive: <A, E>(start: () => Fiber.RuntimeFiber<A, E>) =>
      Effect.async<A, E>((resume) => {
        const fiber = start()
        const end = (result: Effect.Effect<A, E>) => {
          running = false
          resume(result)
        }
        let observed = (exit: Exit.Exit<A, E>) => end(exit)
        fiber.addObserver((exit) => observed(exit))
        onLimit = () => {
          const stuck = Effect.dieMessage(
            `The program was not done within ${within} ms of virtual time: it waits for something that does not come`
          )
          // it is ended like any other, so that what it holds is given back; an end that never comes is not waited for
          observed = () => end(stuck)
          onLimit = () => end(stuck)
          fiber.unsafeInterruptAsFork(fiber.id())
        }
        later()
        return Effect.asVoid(Fiber.interrupt(fiber))
      })
  }
}
