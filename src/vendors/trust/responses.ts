/** What responses of vendors mean to requests that configure trust: absence, and refusals, whose codes are those of the hop trust. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Refusal } from '../../http/request-errors.ts'
import { UnexpectedResponse } from '../../http/send.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { repeatsSecret } from '../../text/secret-register.ts'

/** The body of a response whose names and ids are printed. @throws UnexpectedResponse if it repeats a secret */
export function withoutSecrets(body: unknown, secrets: Context['secrets']): unknown {
  if (repeatsSecret(JSON.stringify(body), secrets)) throw new UnexpectedResponse('it repeats a credential')
  return body
}

/** What a request for a resource found; undefined if the resource does not exist. */
export async function orAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  return await found.catch((fault: unknown) => {
    if (fault instanceof PullpassError && fault.code === 'TRUST_NOT_FOUND') return undefined
    throw fault
  })
}

export const throttled = (message: string): Refusal => ({
  code: 'QUOTA_EXCEEDED',
  message,
  retryable: true,
  hint: 'no action if this is temporary',
})

export const unavailable = (message: string): Refusal => ({
  code: 'TRUST_UNAVAILABLE',
  message,
  retryable: true,
  expected: 'a response',
  hint: 'no action if this is temporary; run the command again: it continues where it stopped',
})

/** Of an action on a resource, as far as the vendor's message names both. */
export function actionDenied(
  message: string,
  operator: string,
  { action, resource }: { readonly action?: string | undefined; readonly resource?: string | undefined },
): Refusal {
  const hint =
    'attach a policy that allows this to the operator, and run the command again: it continues where it stopped'
  if (action === undefined || resource === undefined) return { code: 'TRUST_DENIED', message, hint }
  return { code: 'TRUST_DENIED', message, expected: `${operator} to be allowed ${action} on ${resource}`, hint }
}

type Meaning = Omit<Refusal, 'message' | 'code'>

/** What differs between vendors: which credentials and which permission they expect, and what they do not find. */
interface StatusRefusals {
  readonly unauthenticated: Meaning
  readonly denied: Meaning
  readonly absent: Meaning
}

/** By the status of HTTP, of a vendor whose codes and messages are not documented. */
export function statusRefusal(
  status: number,
  message: string,
  { unauthenticated, denied, absent }: StatusRefusals,
): Refusal {
  switch (status) {
    case 401:
      return { ...unauthenticated, code: 'TRUST_DENIED', message }
    case 403:
      return { ...denied, code: 'TRUST_DENIED', message }
    case 404:
      return { ...absent, code: 'TRUST_NOT_FOUND', message }
    case 409:
      return { code: 'TRUST_CONFLICT', message }
    case 429:
      return throttled(message)
    default:
      return status < 500 ? { code: 'TRUST_REFUSED', message } : unavailable(message)
  }
}

// Of APIs of gRPC in JSON: a status, `{code, message, details}`. Its code has the meaning, since few messages are documented.

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html, https://grpc-ecosystem.github.io/grpc-gateway/docs/mapping/customizing_your_gateway/ */
const grpc = {
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  unauthenticated: 16,
}

/** What differs between vendors: how an operator signs in again, which permission is missing, and how a quota is raised. */
interface GrpcRefusals {
  readonly unauthenticated: Meaning
  readonly denied: Meaning
  readonly exhausted: string
}

/** Undefined where the response is no such status. */
export function grpcRefusal(
  status: number,
  body: unknown,
  { unauthenticated, denied, exhausted }: GrpcRefusals,
): Refusal | undefined {
  const error = asObject(body)
  const [code, message] = [error?.['code'], asText(error?.['message'])]
  if (message === undefined) return undefined
  switch (code) {
    case grpc.unauthenticated:
      return { ...unauthenticated, code: 'TRUST_DENIED', message }
    case grpc.permissionDenied:
      return { ...denied, code: 'TRUST_DENIED', message }
    case grpc.notFound:
      return { code: 'TRUST_NOT_FOUND', message }
    case grpc.alreadyExists:
    case grpc.aborted:
      return { code: 'TRUST_CONFLICT', message }
    case grpc.resourceExhausted:
      return { code: 'QUOTA_EXCEEDED', message, retryable: status === 429, hint: exhausted }
    default:
      return status < 500 ? { code: 'TRUST_REFUSED', message } : unavailable(message)
  }
}
