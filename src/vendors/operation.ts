/** A long-running operation of a vendor's API, which is requested again until it is done. Its error has the codes of gRPC. */
import type { ErrorCode } from '../errors/codes.ts'
import { type Hop, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { asObject, asText, type JsonObject } from '../text/json-fields.ts'
import { quoteSafely } from '../text/secret-register.ts'

export interface Operation {
  readonly name: string
  readonly done: boolean
  readonly response: JsonObject | undefined
  readonly error: { readonly code: number | undefined; readonly message: string } | undefined
}

/** An operation in a response, without its name, whose form is the vendor's. */
export function readOperationState(body: unknown): Omit<Operation, 'name'> {
  const object = asObject(body)
  const error = asObject(object?.['error'])
  const code = error?.['code']
  return {
    done: object?.['done'] === true,
    response: asObject(object?.['response']),
    error: error && {
      code: typeof code === 'number' ? code : undefined,
      message: asText(error['message']) ?? 'no reason given',
    },
  }
}

export interface FollowedOperation {
  /** The name of the vendor in the possessive, for messages. */
  readonly owner: string
  readonly hop: Hop
  readonly codes: {
    readonly denied: ErrorCode
    readonly absent: ErrorCode
    readonly unavailable: ErrorCode
    readonly failed: ErrorCode
    readonly unfinished: ErrorCode
  }
  /** Its present state. */
  readonly request: () => Promise<Operation>
}

const longestMs = 120_000
const firstMs = 500
const longestPauseMs = 5000

/** The result of the operation. @throws PullpassError at the hop if it failed, or is not done after two minutes */
export async function followOperation(
  started: Operation,
  followed: FollowedOperation,
  context: Pick<Context, 'now' | 'sleep' | 'signal' | 'secrets'>,
): Promise<JsonObject> {
  const { owner, hop, request } = followed
  const startedMs = context.now().getTime()
  let operation = started
  let pausedMs = 0
  for (let pauseMs = firstMs; !operation.done; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const passedMs = Math.max(context.now().getTime() - startedMs, pausedMs) // a clock may be set back meanwhile
    if (passedMs + pauseMs > longestMs) throw neverEnded(followed, operation)
    await context.sleep(pauseMs, context.signal)
    pausedMs += pauseMs
    operation = await request()
  }
  if (operation.error === undefined) return operation.response ?? {}
  const { code, message } = operation.error
  throw new PullpassError({
    code: codeOf(code, followed),
    hop,
    seen: `${owner} operation ${operation.name} failed: ${quoteSafely(message, context.secrets)}`,
    expected: 'it to succeed',
    hint: 'run it again: it continues where it ended',
    retryable: code === grpc.unavailable,
  })
}

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const grpc = { notFound: 5, permissionDenied: 7, unavailable: 14 }

function codeOf(code: number | undefined, { codes }: FollowedOperation): ErrorCode {
  if (code === grpc.permissionDenied) return codes.denied
  if (code === grpc.notFound) return codes.absent
  return code === grpc.unavailable ? codes.unavailable : codes.failed
}

const neverEnded = ({ owner, hop, codes }: FollowedOperation, { name }: Operation) =>
  new PullpassError({
    code: codes.unfinished,
    hop,
    seen: `${owner} operation ${name} is not done after ${longestMs / 1000} s`,
    expected: 'the operation to end: most take a few seconds',
    hint: 'run it again: it continues where it ended',
    retryable: true,
  })
