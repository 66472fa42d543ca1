/** One request to Google's IAM on the operator's behalf. https://cloud.google.com/iam/docs/reference/rest */
import type { Refusal } from '../../outside/answer-fault.ts'
import type { Redacted } from '../../outside/redacted.ts'
import { repeatsSecret } from '../../outside/secret-register.ts'
import { AnswerUnread, type Received, send } from '../../outside/send.ts'
import type { HttpMethod } from '../../outside/transport.ts'
import { iamEndpoint } from '../gcp-endpoints.ts'
import type { IamCaller, IamOutside } from './iam-caller.ts'
import { iamRefusal } from './iam-refusal.ts'
import type { OperatorToken } from './operator-token.ts'

/** All that a request needs beside what it asks. */
export interface IamConnection {
  readonly outside: IamOutside
  readonly caller: IamCaller
  readonly token: OperatorToken
}

export interface IamAsk<T> {
  readonly method: HttpMethod
  /** Below the endpoint, with what varies in it encoded: `v1/projects/…`. */
  readonly path: string
  readonly json?: unknown
  readonly read: (answer: Received) => T
  /** What a refusal means here; undefined: what it usually means. */
  readonly refusal?: (status: number, body: unknown) => Refusal | undefined
  /** Another of Google's APIs that speaks as IAM does: its origin. */
  readonly endpoint?: string
}

/** @throws PullpassError at the caller's hop */
export async function askIam<T>({ outside, caller, token }: IamConnection, ask: IamAsk<T>): Promise<T> {
  const { method, path, json, read, endpoint = iamEndpoint(outside.environment) } = ask
  const bearer = await token()
  return await send(outside, {
    hop: caller.hop,
    who: 'Google',
    url: `${endpoint}/${path}`,
    method,
    ...(json !== undefined && { json }),
    bearer,
    refusal: (status, body) => ask.refusal?.(status, body) ?? iamRefusal(status, body, caller),
    read: (answer) => read(withoutSecret(answer, outside.secrets)),
  })
}

/** Names, descriptions, conditions, kids: what is read of an answer is shown, by many. */
function withoutSecret(answer: Received, secrets: Iterable<Redacted>): Received {
  if (repeatsSecret(JSON.stringify(answer.body), secrets)) throw new AnswerUnread('it repeats a token of this run')
  return answer
}
