/**
 * The API of a vendor whose operator signs in with a token in a variable. Without a command-line tool for trust, a change is one request,
 * which `trust apply` sends and `trust plan -o` prints as a command of curl.
 */
import type { Context, Environment } from '../../http/context.ts'
import type { Refusal } from '../../http/request-errors.ts'
import { type ApiRequest, send } from '../../http/send.ts'
import { plainJson, quote } from '../../text/plain-text.ts'
import { shellQuote } from '../../text/shell.ts'
import { configuringTrust, credentialsMissing, type TokenVariable, tokenIn } from '../operator.ts'
import type { MarkedResource, VendorChange } from './marked-resource.ts'
import { withoutSecrets } from './responses.ts'

/** A token of one server of the vendor. */
export interface ServerToken extends TokenVariable {
  /** Of servers that only the vendor sets up; undefined: customers have servers in the vendor's domain, so that the operator names one. */
  readonly domain: string | undefined
  /** The variable that names the server of the token, as the vendor's tool or Terraform provider reads it. */
  readonly server: string
}

export interface TokenApi {
  readonly token: ServerToken
  /** The header with the token: `bearer` is that of RFC 6750. */
  readonly header: 'bearer' | 'x-api-key'
  readonly origin: string
  /** The meaning of an error response; undefined if it is unknown. */
  readonly refusal: (status: number, body: unknown) => Refusal | undefined
}

export interface TokenRequest extends Pick<ApiRequest<unknown>, 'json' | 'statuses' | 'repeat' | 'format'> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the origin, with encoded names. */
  readonly path: string
}

/**
 * A document, which another person may have written, does not determine alone where the operator's token is sent: to the server that the
 * operator's variable names, or else to one that only the vendor sets up. @throws TRUST_CREDENTIALS_MISSING
 */
function checkServer({ name, service, domain, server }: ServerToken, url: string, environment: Environment): void {
  const { origin, protocol, hostname } = new URL(url)
  const serverMissing = (seen: string, expected: string) => {
    const hint = 'if you know that server and the token is of it, name it; otherwise correct the document'
    return credentialsMissing(
      seen,
      expected,
      { hint, command: `export ${server}=${shellQuote(origin)}` },
      configuringTrust,
    )
  }
  const named = environment[server]?.trim() ?? ''
  if (named === '') {
    if (domain === undefined) {
      throw serverMissing(
        `variable ${server} is not set, and the document names ${origin}: variable ${name} was not sent there`,
        `the server of the token in variable ${server}: any customer of ${service} can register one`,
      )
    }
    if (protocol === 'https:' && (hostname === domain || hostname.endsWith(`.${domain}`))) return
    throw serverMissing(
      `the document names ${origin}, which is not a server of ${service}: variable ${name} was not sent there`,
      `a server of ${domain}, or the server of the token in variable ${server}`,
    )
  }
  if (originOf(named) === origin) return
  throw credentialsMissing(
    `variable ${server} is ${quote(named)}, and the document names ${origin}: variable ${name} was not sent there`,
    `a token of ${origin}: it is sent to no other server`,
    `set ${name} and ${server} for ${origin}, and run the command again`,
    configuringTrust,
  )
}

/** Also of a host, and of a URL with a path: vendors' tools read both. */
const originOf = (named: string) => URL.parse(named.includes('://') ? named : `https://${named}`)?.origin

/** @throws TRUST_CREDENTIALS_MISSING, RESPONSE_MALFORMED, and what the vendor's refusals are */
export async function requestTrust<T>(
  context: Context,
  { token, header, origin, refusal }: TokenApi,
  { path, ...request }: TokenRequest,
  read: (body: unknown) => T,
): Promise<T> {
  const value = tokenIn(context.environment, token)
  checkServer(token, origin, context.environment)
  return await send(context, {
    ...request,
    hop: 'trust',
    service: token.service,
    url: `${origin}${path}`,
    ...(header === 'bearer' ? { bearer: value } : { headers: () => ({ [header]: value }) }),
    refusal,
    read: ({ body }) => read(withoutSecrets(body, context.secrets)),
  })
}

/** A change by one request; its response is not read. */
export const changeByRequest = (
  context: Context,
  api: TokenApi,
  change: Omit<VendorChange, 'words' | 'apply'>,
  request: TokenRequest,
): VendorChange => ({
  ...change,
  words: curlWords(api, request),
  apply: async () => await requestTrust(context, api, request, () => undefined),
})

type Signing = Pick<TokenApi, 'token' | 'header'>

const headerOf = ({ header }: Signing) => (header === 'bearer' ? 'authorization: Bearer' : `${header}:`)

/**
 * How changes are printed. The token is in no argument, which every user of a machine can read. The response can contain a password, such
 * as that of a new account: a command discards it, and a script shows it only if it is a refusal.
 */
export const printedForCurl = (api: Signing): Required<Pick<MarkedResource, 'tool' | 'scriptLine'>> => ({
  tool: `printf '${headerOf(api)} %s' "\${${api.token.name}:?}" | curl -fsS -H @- -o /dev/null`,
  scriptLine: ({ description, words }) => ({
    functions: [requestFunction(api)],
    line: [functionName(api), ...[description, ...words].map(shellQuote)].join(' '),
  }),
})

const functionName = ({ token }: Signing) => `request_${token.service.toLowerCase()}`

/** Of a script: the first word describes the request, the others are curl's. */
function requestFunction(api: Signing): string {
  const { name, service } = api.token
  return `# Sends the request that the first argument describes. A response is shown only if it is a refusal.
${functionName(api)}() {
  : "\${${name}:?}"
  step=$1
  shift
  if response=$(printf '${headerOf(api)} %s' "$${name}" | curl -sS -m 60 -H @- -w ' %{http_code}' "$@"); then
    status=\${response##* }
    case $status in 2??) return 0 ;; esac
    case $response in *"$${name}"*) response='(not shown: it repeats the token) ' ;; esac
    echo "${service} responded with $status:" >&2
    printf '%s\\n' "$(printf %s "\${response% *}" | head -c 2000 | tr -cd '[:print:]\\n')" >&2
  fi
  printf 'failed: %s\\nThe steps before it are done. Correct the cause, and run a new script of trust plan.\\n' "$step" >&2
  return 1
}`
}

/** Control and direction characters of external text are escapes of JSON, so that what is pasted is what `apply` sends. */
export const curlWords = ({ origin }: TokenApi, { method, path, json }: TokenRequest): string[] => [
  '-X',
  method,
  ...(json === undefined ? [] : ['-H', 'content-type: application/json', '-d', plainJson(JSON.stringify(json))]),
  `${origin}${path}`,
]
