/**
 * Tests a credential with the requests of a pulling client: HEAD of the manifest, the challenge's token endpoint, HEAD again.
 *
 *   HEAD manifest ──401 Bearer──▶ GET realm, Basic ──token──▶ HEAD manifest ──▶ 200, 404: accepted; 401, 403: refused
 *         └─────────401 Basic─────────────────────────────────────▲
 *
 * `GET /v2/` does not test a repository, and some registries respond to it without a credential. Redirects of manifests are
 * followed, and a registry at a loopback address may use plain HTTP, as in containerd.
 * https://distribution.github.io/distribution/spec/auth/token/
 * https://github.com/containerd/containerd/blob/v2.1.0/docs/hosts.md
 */

import type { DockerConfigEntry } from '../credential/docker-config.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { isLoopback } from '../http/proxy.ts'
import { retryAtOf } from '../http/retry.ts'
import type { HttpResponse } from '../http/transport.ts'
import { asObject, asText, jsonOrNone } from '../text/json-fields.ts'
import { Redacted } from '../text/redacted.ts'
import { quoteSafely } from '../text/secret-register.ts'
import type { ImageReference } from './image-reference.ts'
import {
  type Challenge,
  followRedirects,
  parseChallenge,
  type RegistryAuthorization,
  type RegistryRequest,
  readRegistryError,
  requestRegistry,
  TlsNotSpoken,
} from './requests.ts'

export interface PullContext extends Pick<Context, 'transport' | 'signal' | 'now' | 'secrets'> {
  /** host[:port] of registries that the nodes reach by plain HTTP; loopback addresses need not be listed. */
  readonly plainHttp?: readonly string[]
}

/** `target` without a repository tests only the host. A registry's failure is a result, never thrown. */
export async function tryPull(
  target: ImageReference | { readonly host: string },
  credential: DockerConfigEntry,
  context: PullContext,
): Promise<PullAttempt> {
  const scheme = context.plainHttp?.includes(target.host) ? 'http' : 'https'
  try {
    return await attemptPull({ target, credential, context, scheme })
  } catch (fault) {
    context.signal.throwIfAborted()
    if (fault instanceof TlsNotSpoken) return { outcome: 'unreachable', fault: fault.fault }
    if (!(fault instanceof PullpassError)) throw fault
    return { outcome: 'unreachable', fault }
  }
}

interface Pull {
  readonly target: ImageReference | { readonly host: string }
  readonly credential: DockerConfigEntry
  readonly context: PullContext
  readonly scheme: 'https' | 'http'
}

/** Accepted by container runtimes: OCI's and Docker's types. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  '*/*',
].join(', ')

/** If the registry itself (not its realm or a redirect's target) does not speak TLS, it is tried over HTTP without a credential; at a loopback address the test continues. */
async function attemptPull(pull: Pull): Promise<PullAttempt> {
  try {
    return await evaluateFirst(pull, await requestManifest(pull))
  } catch (fault) {
    if (!(fault instanceof TlsNotSpoken) || fault.url !== urlOf(pull)) throw fault
    const plain: Pull = { ...pull, scheme: 'http' }
    const response = await requestManifest(plain).catch(() => undefined)
    if (response === undefined) throw fault
    return isLoopback(new URL(urlOf(plain)).hostname)
      ? await evaluateFirst(plain, response)
      : { outcome: 'plain http', url: urlOf(plain) }
  }
}

async function evaluateFirst(pull: Pull, first: HttpResponse): Promise<PullAttempt> {
  if (first.status !== 401) {
    const isPublic = 'repository' in pull.target && first.status === 200 && !isPage(first)
    return isPublic ? { outcome: 'public' } : evaluate(pull, first)
  }
  const challenge = parseChallenge(first.headers['www-authenticate'])
  if (challenge === undefined)
    return { outcome: 'unclear', url: urlOf(pull), words: '401 without a challenge that clients support' }
  const authorization = await authorize(pull, challenge)
  if ('outcome' in authorization) return authorization
  const second = await requestManifest(pull, authorization)
  return evaluate(pull, second, { authorization, isIgnored: credentialIgnored(second, first, authorization) })
}

/**
 * A new token was sent and the response is as without one: for a token that arrived, RFC 6750 §3.1 defines an error code. A refused
 * password always looks like this (RFC 7617 has no error code).
 */
function credentialIgnored(second: HttpResponse, first: HttpResponse, { kind }: RegistryAuthorization): boolean {
  const challenge = second.headers['www-authenticate']
  const isSame = second.status === 401 && challenge === first.headers['www-authenticate']
  return kind === 'bearer' && isSame && !/[\s,]error=/i.test(challenge ?? '')
}

/** Docker Hub's address differs from its name. */
const addressOf = (host: string) => (host === 'docker.io' || host === 'index.docker.io' ? 'registry-1.docker.io' : host)

function urlOf({ target, scheme }: Pull): string {
  const root = `${scheme}://${addressOf(target.host)}/v2/`
  if (!('repository' in target)) return root
  return `${root}${target.repository}/manifests/${target.digest ?? target.tag ?? 'latest'}`
}

const mayBePlain = ({ plainHttp }: PullContext, { hostname, host }: URL): boolean =>
  isLoopback(hostname) || plainHttp?.includes(host) === true

/** Redirects are followed for manifests only; the registry itself responds to `GET /v2/`. */
async function requestManifest(
  pull: Pull,
  authorization?: RegistryAuthorization,
  method?: RegistryRequest['method'],
): Promise<HttpResponse> {
  const { context, target } = pull
  const isOfImage = 'repository' in target
  const request = {
    method: method ?? (isOfImage ? 'HEAD' : 'GET'),
    url: urlOf(pull),
    accept: manifestTypes,
    authorization,
  }
  if (!isOfImage) return await requestRegistry(context, request)
  return await followRedirects(context, request, { mayBePlain: (url) => mayBePlain(context, url) })
}

async function authorize(pull: Pull, challenge: Challenge): Promise<RegistryAuthorization | PullAttempt> {
  const { credential, context } = pull
  const basic = { kind: 'basic', ...credential } as const
  if (challenge.scheme === 'basic') return basic
  const realm = realmOf(challenge, pull)
  if (realm === undefined)
    return { outcome: 'unclear', url: urlOf(pull), words: 'a challenge whose realm is not an https URL' }
  const response = await requestRegistry(context, { method: 'GET', url: realm.href, authorization: basic })
  const url = realm.origin + realm.pathname
  if (response.status !== 200) {
    const isRefused = response.status === 401 || response.status === 403
    const anonymous = isRefused ? await requestRegistry(context, { method: 'GET', url: realm.href }) : undefined
    const isIgnored = anonymous?.status === response.status && anonymous.body === response.body
    return refusal(pull, response, { at: 'token endpoint', url, isIgnored })
  }
  const body = asObject(jsonOrNone(response.body))
  const token = asText(body?.['token']) ?? asText(body?.['access_token'])
  if (!token) return { outcome: 'unclear', url, words: '200, but without a token' }
  return { kind: 'bearer', token: new Redacted(token) }
}

/** Receives the credential: https, or plain HTTP if the registry itself is reached by plain HTTP. */
function realmOf(
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  { target, context, scheme }: Pull,
): URL | undefined {
  if (!URL.canParse(challenge.realm)) return undefined
  const realm = new URL(challenge.realm)
  const isPlain = realm.protocol === 'http:' && scheme === 'http' && mayBePlain(context, realm)
  if ((realm.protocol !== 'https:' && !isPlain) || realm.username !== '' || realm.password !== '') return undefined
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service)
  if ('repository' in target) realm.searchParams.set('scope', `repository:${target.repository}:pull`)
  return realm
}

interface SentCredential {
  readonly authorization: RegistryAuthorization
  readonly isIgnored: boolean
}

async function evaluate(pull: Pull, response: HttpResponse, sent?: SentCredential): Promise<PullAttempt> {
  const url = urlOf(pull)
  const isOfImage = 'repository' in pull.target
  if (response.status === 200 && isOfImage && isPage(response))
    return { outcome: 'unclear', url, words: '200 with an HTML page instead of a manifest' }
  if (response.status === 200) return { outcome: isOfImage ? 'pulls' : 'accepted' }
  const { authorization, isIgnored = false } = sent ?? {}
  const manifest: RefusalContext = { at: 'manifest', url, isIgnored }
  if (!isOfImage) return refusal(pull, response, manifest)
  // The response to HEAD has no body: GET returns the reason.
  const full = await requestManifest(pull, authorization, 'GET')
  return refusal(pull, full.status === response.status ? full : response, manifest)
}

/** For example a sign-in page at the end of a redirect. */
const isPage = ({ headers }: HttpResponse) => /^text\/html\b/i.test(headers['content-type'] ?? '')

interface RefusalContext {
  readonly at: 'token endpoint' | 'manifest'
  readonly url: string
  /** The response is the same as without a credential. */
  readonly isIgnored: boolean
}

function refusal({ context }: Pull, response: HttpResponse, { at, url, isIgnored }: RefusalContext): PullAttempt {
  const { status } = response
  const error = readRegistryError(response)
  const words = error.message === undefined ? `${status}` : `${status} ${quoteSafely(error.message, context.secrets)}`
  if (status === 401 || status === 403)
    return {
      outcome: 'refused',
      at,
      url,
      status,
      words,
      message: error.message ?? '',
      credential: isIgnored ? 'ignored' : 'evaluated',
    }
  if (status === 404 && at === 'manifest' && error.codes.includes('MANIFEST_UNKNOWN'))
    return { outcome: 'absent', what: 'manifest', words }
  if (status === 404 && at === 'manifest' && error.codes.includes('NAME_UNKNOWN'))
    return { outcome: 'absent', what: 'repository', words }
  const retryAt = retryAtOf(response.headers['retry-after'], context.now())
  if (status === 429) return { outcome: 'throttled', url, words, retryAt }
  if (status >= 500) return { outcome: 'unavailable', url, words, retryAt }
  return { outcome: 'unclear', url, words }
}

/** The result of a test. `words`: the registry's message, quoted, or its status. */
export type PullAttempt =
  /** The manifest exists, and the credential can read it. */
  | { readonly outcome: 'pulls' }
  /** The manifest can be read without a credential. */
  | { readonly outcome: 'public' }
  /** No image was given, and the token endpoint accepted the credential; repositories were not tested. */
  | { readonly outcome: 'accepted' }
  /** The credential is valid; the tag, digest or repository does not exist. */
  | { readonly outcome: 'absent'; readonly what: 'manifest' | 'repository'; readonly words: string }
  /** 401: the credential is not accepted. 403: it is, but has no permission to read. */
  | {
      readonly outcome: 'refused'
      readonly at: 'token endpoint' | 'manifest'
      readonly url: string
      readonly status: 401 | 403
      readonly words: string
      /** The registry's message, not quoted: for evaluation, never shown. */
      readonly message: string
      /** `ignored`: the response is the same without a credential, so it may not have arrived. */
      readonly credential: 'evaluated' | 'ignored'
    }
  | { readonly outcome: 'throttled'; readonly url: string; readonly words: string; readonly retryAt: Date | undefined }
  /** A server error: 5xx. */
  | {
      readonly outcome: 'unavailable'
      readonly url: string
      readonly words: string
      readonly retryAt: Date | undefined
    }
  /** The registry speaks HTTP where a kubelet expects TLS; no credential was sent. */
  | { readonly outcome: 'plain http'; readonly url: string }
  /** A response that registries do not send. */
  | { readonly outcome: 'unclear'; readonly url: string; readonly words: string }
  | { readonly outcome: 'unreachable'; readonly fault: PullpassError }
