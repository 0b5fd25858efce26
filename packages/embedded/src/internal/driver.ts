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

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

/**
 * Collects tasks by priority, and tells of each: none runs before its turn, which is first come, first served, or by chance.
 *
 * By chance is only who goes on first. Who begins does so before that, and first come, first served: Effect itself relies
 * on it, as a `forEach` that is interrupted before its own fibers began would never end.
 */
class Tasks implements Scheduler.Scheduler {
  private readonly random: Utils.PCGRandom | undefined
  private readonly waiting = new Scheduler.PriorityBuckets<Scheduler.Task>()
  private readonly begun = new WeakSet<AnyFiber>()
  private beginnings: Array<readonly [Scheduler.Task, AnyFiber]> = []
  onTask: () => void = () => {}
  readonly shouldYield = Scheduler.defaultShouldYield

  constructor(random: Utils.PCGRandom | undefined) {
    this.random = random
  }

  scheduleTask(task: Scheduler.Task, priority: number, fiber?: AnyFiber): void {
    // one that ran in the place where it was made has operations
    if (this.random !== undefined && fiber?.currentOpCount === 0 && !this.begun.has(fiber)) {
      this.beginnings.push([task, fiber])
    } else this.waiting.scheduleTask(task, priority)
    this.onTask()
  }

  /** Runs the tasks that are there. */
  step(): void {
    const { beginnings, random, waiting: { buckets } } = this
    this.beginnings = []
    this.waiting.buckets = []
    for (const [task] of beginnings) task()
    for (const [, fiber] of beginnings) this.begun.add(fiber)
    for (const [, bucket] of buckets) {
      if (random !== undefined) shuffle(bucket, random)
      for (const task of bucket) task()
    }
  }

  get isEmpty(): boolean {
    return this.waiting.buckets.length === 0 && this.beginnings.length === 0
  }
}

const shuffle = (tasks: Array<Scheduler.Task>, random: Utils.PCGRandom): void => {
  for (let index = tasks.length - 1; index > 0; index--) {
    const other = random.integer(index + 1)
    const task = tasks[index]!
    tasks[index] = tasks[other]!
    tasks[other] = task
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
