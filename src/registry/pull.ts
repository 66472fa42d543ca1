/**
 * Tries a credential as a pulling client does: HEAD of the manifest, the challenge's token endpoint, HEAD again.
 *
 *   HEAD manifest ──401 Bearer──▶ GET realm, Basic ──token──▶ HEAD manifest ──▶ 200, 404: it opens; 401, 403: it does not
 *         └─────────401 Basic─────────────────────────────────────▲
 *
 * `GET /v2/` alone says nothing of a repository, and some registries answer it to anybody. Redirects of manifests are
 * followed, and a registry at a loopback address may speak plain HTTP, as with containerd.
 * https://distribution.github.io/distribution/spec/auth/token/
 * https://github.com/containerd/containerd/blob/v2.1.0/docs/hosts.md
 */
import type { DockerConfigEntry } from '../credential/docker-config.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import { retryAtOf } from '../http/retry.ts'
import type { HttpResponse } from '../http/transport.ts'
import { asObject, asText, jsonOrNone } from '../text/json-fields.ts'
import { Redacted } from '../text/redacted.ts'
import { quoteSafely } from '../text/secret-register.ts'
import type { ImageReference } from './image-reference.ts'
import {
  askRedirected,
  askRegistry,
  type Challenge,
  NoTls,
  parseChallenge,
  type RegistryAsk,
  type RegistryAuthorization,
  registryWords,
} from './requests.ts'

export interface TrialContext extends Pick<Context, 'transport' | 'signal' | 'now' | 'secrets'> {
  /** host[:port] of registries that the nodes reach by plain HTTP; loopback addresses need not be named. */
  readonly plainHttp?: readonly string[]
}

/** `host` alone, where no image is in question. Never throws what a registry can cause. */
export async function tryPull(
  wanted: ImageReference | { readonly host: string },
  credential: DockerConfigEntry,
  context: TrialContext,
): Promise<PullTrial> {
  const scheme = context.plainHttp?.includes(wanted.host) ? 'http' : 'https'
  try {
    return await attempt({ wanted, credential, context, scheme })
  } catch (fault) {
    context.signal.throwIfAborted()
    if (fault instanceof NoTls) return { outcome: 'unreachable', fault: fault.fault }
    if (!(fault instanceof PullpassError)) throw fault
    return { outcome: 'unreachable', fault }
  }
}

interface Trial {
  readonly wanted: ImageReference | { readonly host: string }
  readonly credential: DockerConfigEntry
  readonly context: TrialContext
  readonly scheme: 'https' | 'http'
}

/** What the container runtimes take: OCI's and Docker's own. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  '*/*',
].join(', ')

/** A registry that speaks no TLS itself (not its realm, not a redirect's target) is asked by HTTP, without a credential; at a loopback address the trial goes on so. */
async function attempt(trial: Trial): Promise<PullTrial> {
  try {
    return await judgeFirst(trial, await askManifest(trial))
  } catch (fault) {
    if (!(fault instanceof NoTls) || fault.url !== urlOf(trial)) throw fault
    const plain: Trial = { ...trial, scheme: 'http' }
    const answer = await askManifest(plain).catch(() => undefined)
    if (answer === undefined) throw fault
    return isLoopback(new URL(urlOf(plain)).hostname)
      ? await judgeFirst(plain, answer)
      : { outcome: 'plain http', url: urlOf(plain) }
  }
}

async function judgeFirst(trial: Trial, first: HttpResponse): Promise<PullTrial> {
  if (first.status !== 401) {
    const isPublic = 'repository' in trial.wanted && first.status === 200 && !isPage(first)
    return isPublic ? { outcome: 'public' } : judge(trial, first)
  }
  const challenge = parseChallenge(first.headers['www-authenticate'])
  if (challenge === undefined)
    return { outcome: 'unclear', url: urlOf(trial), words: '401 without a challenge that a client knows' }
  const authorization = await authorize(trial, challenge)
  if ('outcome' in authorization) return authorization
  const second = await askManifest(trial, authorization)
  return judge(trial, second, { authorization, isUnheard: hasNotArrived(second, first, authorization) })
}

/**
 * A token that was granted a moment ago, and an answer as if none had been sent: RFC 6750 §3.1 names the error of a token
 * that arrived. A refused password looks like this anyway (RFC 7617 has no such word).
 */
function hasNotArrived(second: HttpResponse, first: HttpResponse, { kind }: RegistryAuthorization): boolean {
  const challenge = second.headers['www-authenticate']
  const isSame = second.status === 401 && challenge === first.headers['www-authenticate']
  return kind === 'bearer' && isSame && !/[\s,]error=/i.test(challenge ?? '')
}

/** Of Docker Hub the name is not the address. */
const addressOf = (host: string) => (host === 'docker.io' || host === 'index.docker.io' ? 'registry-1.docker.io' : host)

function urlOf({ wanted, scheme }: Trial): string {
  const root = `${scheme}://${addressOf(wanted.host)}/v2/`
  if (!('repository' in wanted)) return root
  return `${root}${wanted.repository}/manifests/${wanted.digest ?? wanted.tag ?? 'latest'}`
}

const isLoopback = (hostname: string) => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)

const mayBePlain = ({ plainHttp }: TrialContext, { hostname, host }: URL): boolean =>
  isLoopback(hostname) || plainHttp?.includes(host) === true

/** What answers `GET /v2/` is a registry itself, or none: only manifests lie elsewhere. */
async function askManifest(
  trial: Trial,
  authorization?: RegistryAuthorization,
  method?: RegistryAsk['method'],
): Promise<HttpResponse> {
  const { context, wanted } = trial
  const isOfImage = 'repository' in wanted
  const ask = {
    method: method ?? (isOfImage ? 'HEAD' : 'GET'),
    url: urlOf(trial),
    accept: manifestTypes,
    authorization,
  }
  if (!isOfImage) return await askRegistry(context, ask)
  return await askRedirected(context, ask, { mayBePlain: (url) => mayBePlain(context, url) })
}

async function authorize(trial: Trial, challenge: Challenge): Promise<RegistryAuthorization | PullTrial> {
  const { credential, context } = trial
  const basic = { kind: 'basic', ...credential } as const
  if (challenge.scheme === 'basic') return basic
  const realm = realmOf(challenge, trial)
  if (realm === undefined)
    return { outcome: 'unclear', url: urlOf(trial), words: 'a challenge whose realm is no https URL' }
  const answer = await askRegistry(context, { method: 'GET', url: realm.href, authorization: basic })
  const url = realm.origin + realm.pathname
  if (answer.status !== 200) {
    const isRefused = answer.status === 401 || answer.status === 403
    const anonymous = isRefused ? await askRegistry(context, { method: 'GET', url: realm.href }) : undefined
    const isUnheard = anonymous?.status === answer.status && anonymous.body === answer.body
    return refusal(trial, answer, { at: 'token endpoint', url, isUnheard })
  }
  const body = asObject(jsonOrNone(answer.body))
  const token = asText(body?.['token']) ?? asText(body?.['access_token'])
  if (!token) return { outcome: 'unclear', url, words: '200, but without a token' }
  return { kind: 'bearer', token: new Redacted(token) }
}

/** The credential goes there: only by https, or where the registry itself is reached by plain HTTP. */
function realmOf(
  challenge: Extract<Challenge, { scheme: 'bearer' }>,
  { wanted, context, scheme }: Trial,
): URL | undefined {
  if (!URL.canParse(challenge.realm)) return undefined
  const realm = new URL(challenge.realm)
  const isPlain = realm.protocol === 'http:' && scheme === 'http' && mayBePlain(context, realm)
  if ((realm.protocol !== 'https:' && !isPlain) || realm.username !== '' || realm.password !== '') return undefined
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service)
  if ('repository' in wanted) realm.searchParams.set('scope', `repository:${wanted.repository}:pull`)
  return realm
}

interface Sent {
  readonly authorization: RegistryAuthorization
  readonly isUnheard: boolean
}

async function judge(trial: Trial, answer: HttpResponse, sent?: Sent): Promise<PullTrial> {
  const url = urlOf(trial)
  const isOfImage = 'repository' in trial.wanted
  if (answer.status === 200 && isOfImage && isPage(answer))
    return { outcome: 'unclear', url, words: '200 with a page in place of a manifest' }
  if (answer.status === 200) return { outcome: isOfImage ? 'pulls' : 'accepted' }
  const { authorization, isUnheard = false } = sent ?? {}
  const said: Said = { at: 'manifest', url, isUnheard }
  if (!isOfImage) return refusal(trial, answer, said)
  // The answer to a HEAD has no words: the same is asked by GET, for the reason.
  const full = await askManifest(trial, authorization, 'GET')
  return refusal(trial, full.status === answer.status ? full : answer, said)
}

/** A sign-in page at the end of a redirect, for one. */
const isPage = ({ headers }: HttpResponse) => /^text\/html\b/i.test(headers['content-type'] ?? '')

interface Said {
  readonly at: 'token endpoint' | 'manifest'
  readonly url: string
  /** A request without a credential is answered the same. */
  readonly isUnheard: boolean
}

function refusal({ context }: Trial, answer: HttpResponse, { at, url, isUnheard }: Said): PullTrial {
  const { status } = answer
  const said = registryWords(answer)
  const words = said.message === undefined ? `${status}` : `${status} ${quoteSafely(said.message, context.secrets)}`
  if (status === 401 || status === 403)
    return {
      outcome: 'refused',
      at,
      url,
      status,
      words,
      message: said.message ?? '',
      answered: isUnheard ? 'without a credential' : 'the credential',
    }
  if (status === 404 && at === 'manifest' && said.codes.includes('MANIFEST_UNKNOWN'))
    return { outcome: 'absent', what: 'manifest', words }
  if (status === 404 && at === 'manifest' && said.codes.includes('NAME_UNKNOWN'))
    return { outcome: 'absent', what: 'repository', words }
  const retryAt = retryAtOf(answer.headers['retry-after'], context.now())
  if (status === 429) return { outcome: 'throttled', url, words, retryAt }
  if (status >= 500) return { outcome: 'unavailable', url, words, retryAt }
  return { outcome: 'unclear', url, words }
}

// What became of trying to pull, without pulling: where the credential was refused, or what was there.

/** `words`: what the registry said, quoted, or its status alone. */
export type PullTrial =
  /** The manifest is there, and the credential opens it. */
  | { readonly outcome: 'pulls' }
  /** It is there for anybody: the credential was not asked for. */
  | { readonly outcome: 'public' }
  /** No image was named, and the token endpoint took the credential; of no repository is anything known. */
  | { readonly outcome: 'accepted' }
  /** The credential is fine: there is no such tag, digest, or repository. */
  | { readonly outcome: 'absent'; readonly what: 'manifest' | 'repository'; readonly words: string }
  /** 401: the registry does not take the credential. 403: it does, and the holder may not read. */
  | {
      readonly outcome: 'refused'
      readonly at: 'token endpoint' | 'manifest'
      readonly url: string
      readonly status: 401 | 403
      readonly words: string
      /** What the registry said, not quoted: to be evaluated, never shown. */
      readonly message: string
      /** `without a credential`: a request without any is answered the same, so that it may not have arrived. */
      readonly answered: 'the credential' | 'without a credential'
    }
  | { readonly outcome: 'throttled'; readonly url: string; readonly words: string; readonly retryAt: Date | undefined }
  /** A server error: 5xx. */
  | {
      readonly outcome: 'unavailable'
      readonly url: string
      readonly words: string
      readonly retryAt: Date | undefined
    }
  /** It speaks HTTP where a kubelet expects TLS; no credential was sent. */
  | { readonly outcome: 'plain http'; readonly url: string }
  /** An answer that no registry gives. */
  | { readonly outcome: 'unclear'; readonly url: string; readonly words: string }
  | { readonly outcome: 'unreachable'; readonly fault: PullpassError }
