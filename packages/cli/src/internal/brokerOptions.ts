/**
 * The options of `npm run broker`, checked.
 *
 * @since 0.1.0
 */
import type * as Auth from "@effect-rocketmq/embedded/Auth"
import * as Fault from "@effect-rocketmq/embedded/Fault"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

export interface Topic {
  readonly name: string
  readonly queues: number | undefined
}

/** `orders` or `orders:8`. */
export const parseTopic = (text: string): Either.Either<Topic, string> => {
  const [name = "", queues, ...rest] = text.split(":")
  const count = queues === undefined ? undefined : Number(queues)
  return name === "" || rest.length > 0 || (count !== undefined && !(Number.isInteger(count) && count > 0))
    ? Either.left(`"${text}" is no topic: give its name, or its name and queues, such as orders:8`)
    : Either.right({ name, queues: count })
}

/** `admin:secret` for somebody who may do everything. A refusal does not repeat it. */
export const parseUser = (text: string): Either.Either<Auth.User, string> => {
  const [username = "", password = "", ...rest] = text.split(":")
  return username === "" || password === "" || rest.length > 0
    ? Either.left("A user is an access key and a secret key with a colon between them, such as admin:secret")
    : Either.right({ username, password: Redacted.make(password), userType: "Super" })
}

const checked = <A, B>(self: Options.Options<A>, parse: (value: A) => Either.Either<B, string>): Options.Options<B> =>
  Options.mapEffect(
    self,
    (value) => Effect.mapError(parse(value), (problem) => ValidationError.invalidValue(HelpDoc.p(problem)))
  )

const each = <A, B>(parse: (value: A) => Either.Either<B, string>) => (values: ReadonlyArray<A>) =>
  Either.all(values.map(parse))

export const brokerOptions = {
  host: Options.text("host").pipe(
    Options.withDescription("interface to listen on; anything but loopback lets the network in"),
    Options.withDefault("127.0.0.1")
  ),
  port: Options.integer("port").pipe(
    Options.withDescription("the name server's port; brokers get this + 1035, + 1055, …; 0 takes free ports"),
    Options.withDefault(9876)
  ),
  brokers: Options.integer("brokers").pipe(
    Options.withDescription("number of brokers, 1 to 26"),
    Options.withDefault(1)
  ),
  topics: checked(
    Options.text("topic").pipe(
      Options.withDescription(
        "a topic to begin with: its name, or its name and queues, such as orders:8; several times"
      ),
      Options.repeated
    ),
    each(parseTopic)
  ),
  queues: Options.integer("queues").pipe(
    Options.withDescription("the most queues that an automatically created topic gets"),
    Options.withDefault(8)
  ),
  noAutoCreate: Options.boolean("no-auto-create").pipe(
    Options.withDescription("refuse messages to topics that nobody has created")
  ),
  retention: Options.integer("retention-mib").pipe(
    Options.withDescription("MiB of messages that each broker keeps; the oldest go first"),
    Options.withDefault(256)
  ),
  retentionHours: Options.integer("retention-hours").pipe(
    Options.withDescription("hours for which messages are kept; default: as long as there is room"),
    Options.optional
  ),
  store: Options.text("store").pipe(
    Options.withDescription("directory for messages, offsets and topics; without it they are gone with the process"),
    Options.optional
  ),
  flush: Options.choice("flush", ["async", "sync"]).pipe(
    Options.withDescription("with --store: sync answers when the disk has it, async when the operating system has it"),
    Options.withDefault("async")
  ),
  users: checked(
    Options.text("user").pipe(
      Options.withDescription(
        "accessKey:secretKey of who may do everything; with it, who does not sign is refused; several times"
      ),
      Options.repeated
    ),
    each(parseUser)
  ),
  faults: checked(
    Options.text("fault").pipe(
      Options.withDescription(
        "what goes wrong, such as \"delay=200ms code=SEND_MESSAGE_V2 probability=0.1\" or \"drop=response topic=orders\"; " +
          "several times"
      ),
      Options.repeated
    ),
    each((text: string) => Either.mapLeft(Fault.parse(text), (error) => error.message))
  ),
  verbose: Options.boolean("verbose").pipe(
    Options.withDescription("print a line for each connection, request and answer")
  ),
  json: Options.boolean("json").pipe(
    Options.withDescription("print JSON; the first line says where to connect")
  )
}
