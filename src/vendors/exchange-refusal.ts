/**
 * The meaning of an error response of a token service: by OAuth's error codes (RFC 6749 §5.2, RFC 8693 §2.2.2), or else by its
 * status. Vendors with messages of their own evaluate these first.
 */
import type { Document, NamespacedName } from '../document/document.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { type Fault, type Fix, PullpassError, withFix } from '../errors/pullpass-error.ts'
import type { Refusal } from '../http/request-errors.ts'
import { accountOf } from '../identity/service-account.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import { asList, asObject, asText } from '../text/json-fields.ts'
import { quote } from '../text/plain-text.ts'
import { shellQuote, shellVariable } from '../text/shell.ts'
import { rfc3339 } from '../text/time.ts'

export interface Refused {
  readonly subjectToken: SubjectToken
  /** The fix where the token is not accepted: where issuer, subject and audience are configured. */
  readonly trustFix: TokenFix
  /** What to do where the service does not support the request; absent: of token exchange. */
  readonly requestFix?: string | undefined
}

/** A fix for which the token has to be shown. */
export type TokenFix = Fix & Pick<Fault, 'details'>

/** `fixOfToken`: by the command that shows the token. The caller that knows the token names it (`namingToken`); until then a variable does. */
const fixWithToken = (fixOfToken: (inspect: string | undefined) => Fix): TokenFix => ({
  ...fixOfToken(`pullpass inspect ${shellVariable('TOKEN_FILE')}`),
  details: { fixOfToken },
})

/** Its command shows the token. */
export const showToken = (hint: string): TokenFix => fixWithToken((inspect) => ({ hint, command: inspect }))

/** Its hint names the command that shows the token, since its own command is another one. `place`: what the token is compared with. */
export const compareToken = (place: string, command: string): TokenFix =>
  fixWithToken((inspect) => ({
    hint: `compare the token${inspect === undefined ? '' : `, which ${inspect} shows,`} with ${place}`,
    command,
  }))

/** The same error; a fix that shows the token names `command`, or none if undefined. */
export function namingToken(fault: unknown, command: string | undefined): unknown {
  const fixOfToken = fault instanceof PullpassError ? fault.details.fixOfToken : undefined
  return fault instanceof PullpassError && fixOfToken !== undefined ? withFix(fault, fixOfToken(command)) : fault
}

/** The command that shows the token of a document in a file; undefined for one that is neither in a file nor requested by the document. */
export function inspectCommand(
  token: SubjectToken | undefined,
  { source }: Pick<Document, 'source'>,
  account: NamespacedName | undefined,
  clusterFlags: readonly string[] = [],
): string | undefined {
  const [, name] = /^(.+):\d+$/.exec(source) ?? []
  const document = name === undefined || name === '-' ? [] : ['-f', name]
  if (token?.file !== undefined) return commandLine([token.file, ...document])
  return document.length === 0 || account === undefined ? undefined : commandLine([...document, ...clusterFlags])
}

/** The command that requests such a token from the cluster, and shows it; undefined for one that no cluster issued. */
export function inspectAccountCommand(
  { subject, audiences: [audience] }: Pick<SubjectToken, 'subject' | 'audiences'>,
  clusterFlags: readonly string[] = [],
): string | undefined {
  const account = accountOf(subject)
  if (account === undefined || audience === undefined) return undefined
  const { namespace, name } = account
  return commandLine(['serviceaccount', `${namespace}/${name}`, '--audience', audience, ...clusterFlags])
}

const commandLine = (words: readonly string[]) => ['pullpass inspect', ...words.map(shellQuote)].join(' ')

/** `place`: where the vendor configures which tokens it accepts. */
export const compareWithToken = (place: string): TokenFix => showToken(`compare ${place} with the token`)

/** A cause that a vendor states in a message of its own. */
export interface MessageCause {
  readonly pattern: RegExp
  readonly code: ErrorCode
  readonly expected: (refused: Refused) => string
  readonly fix?: string
  readonly retryable?: boolean
}

/** Fields in which services put a message, in order. */
const messageFields = ['error_description', 'message', 'Message', 'detail', 'error_message', 'title', 'error'] as const

/** The message from a known field; undefined if there is none. Pure. */
function messageOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body
  const object = asObject(body)
  const nested = asObject(object?.['error']) ?? asObject(asList(object?.['errors'])[0])
  const texts = [object, nested].flatMap((one) => messageFields.map((field) => asText(one?.[field])))
  return texts.find((text) => text !== undefined && text !== '')
}

/** Undefined where the response has no message. */
export function exchangeRefusal(
  status: number,
  body: unknown,
  refused: Refused,
  causes: readonly MessageCause[] = [],
): Refusal | undefined {
  const message = messageOf(body)
  if (message === undefined) return undefined
  const error = asText(asObject(body)?.['error']) ?? asText(asObject(body)?.['Code'])
  const shown = error === undefined || error === message ? message : `${error}: ${message}`
  const cause = causes.find(({ pattern }) => pattern.test(message) || (error !== undefined && pattern.test(error)))
  if (cause !== undefined) {
    const { code, expected, fix, retryable } = cause
    return {
      code,
      message: shown,
      expected: expected(refused),
      ...(fix === undefined ? refused.trustFix : { hint: fix }),
      ...(retryable !== undefined && { retryable }),
    }
  }
  return { ...meaningOf(status, error, refused), message: shown }
}

type Meaning = Omit<Refusal, 'message'>

function meaningOf(status: number, error: string | undefined, refused: Refused): Meaning {
  if (status === 429 || error === 'slow_down') return quotaExceeded
  if (status >= 500 || error === 'temporarily_unavailable' || error === 'server_error') return unavailable
  switch (error ?? '') {
    case 'invalid_client':
      return {
        code: 'CLIENT_REFUSED',
        expected: 'the client and its authentication to be as registered at the token service',
        hint: "see the registry's clientAuthentication: method, client id, and its secret or key",
      }
    case 'unauthorized_client':
    case 'access_denied':
      return {
        code: 'CONDITION_REFUSED',
        expected: `${refused.subjectToken.subject} to be permitted to exchange tokens`,
        ...refused.trustFix,
      }
    case 'invalid_target':
      return {
        code: 'PROVIDER_NOT_FOUND',
        expected: 'the audience or resource of the request to exist at the token service',
        hint: "see the registry's parameters, such as audience and resource",
      }
    case 'invalid_scope':
    case 'invalid_request':
    case 'unsupported_grant_type':
    case 'unsupported_token_type':
      return {
        code: 'EXCHANGE_REFUSED',
        expected: 'a request that the token service supports',
        hint:
          refused.requestFix ??
          "see the registry's parameters and scope, and that the service supports token exchange (RFC 8693)",
      }
    default:
      return notAccepted(refused)
  }
}

/** Issuer, subject, audience and expiry are those of the token that was sent: they are not secret. */
function notAccepted({ subjectToken, trustFix }: Refused): Meaning {
  const { issuer, subject, audiences, expiresAt } = subjectToken
  return {
    code: 'EXCHANGE_REFUSED',
    expected: `a token of issuer ${quote(issuer)}, subject ${quote(subject)} and audience ${audiences.map(quote).join(', ')}, valid until ${rfc3339(expiresAt)}, to be accepted`,
    ...trustFix,
  }
}

const quotaExceeded: Meaning = {
  code: 'QUOTA_EXCEEDED',
  expected: 'requests to stay within the limits of the service',
  hint: 'no action if it passes',
  retryable: true,
}

const unavailable: Meaning = {
  code: 'EXCHANGE_UNAVAILABLE',
  expected: 'a response with a credential',
  hint: 'no action if it passes: pull secrets keep their credentials, and the next run retries',
  retryable: true,
}
