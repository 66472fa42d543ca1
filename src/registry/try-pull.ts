/**
 * Tries a credential as a pulling client does: HEAD of the manifest, the challenge's token endpoint, HEAD again.
 *
 *   HEAD manifest ──401 Bearer──▶ GET realm, Basic ──token──▶ HEAD manifest ──▶ 200, 404: it opens; 401, 403: it does not
 *         └─────────401 Basic─────────────────────────────────────▲
 *
 * `GET /v2/` alone says nothing of a repository, and some registries answer it to anybody.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
import type { DockerConfigEntry } from '../credential/docker-config-entry.ts'
import { asObject, asText, jsonOrNone } from '../outside/json-fields.ts'
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { quoteSafely } from '../outside/quote-safely.ts'
import { Redacted } from '../outside/redacted.ts'
import { retryAtOf } from '../outside/retry-at.ts'
import type { HttpAnswer } from '../outside/transport.ts'
import { askRegistry, type RegistryAuthorization } from './ask-registry.ts'
import { type Challenge, parseChallenge } from './parse-challenge.ts'
import type { ImageReference } from './parse-image-reference.ts'
import type { PullTrial } from './pull-trial.ts'
import { registryWords } from './registry-words.ts'

type TrialOutside = Pick<Outside, 'transport' | 'signal' | 'now'>

/** `host` alone, where no image is in question. Never throws what a registry can cause. */
export async function tryPull(
  wanted: ImageReference | { readonly host: string },
  credential: DockerConfigEntry,
  outside: TrialOutside,
): Promise<PullTrial> {
  try {
    return await attempt({ wanted, credential, outside })
  } catch (fault) {
    outside.signal.throwIfAborted()
    if (!(fault instanceof PullpassError)) throw fault
    return { outcome: 'unreachable', fault }
  }
}

interface Trial {
  readonly wanted: ImageReference | { readonly host: string }
  readonly credential: DockerConfigEntry
  readonly outside: TrialOutside
}

/** What the container runtimes take: OCI's and Docker's own. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  '*/*',
].join(', ')

async function attempt(trial: Trial): Promise<PullTrial> {
  const first = await askManifest(trial)
  if (first.status !== 401)
    return 'repository' in trial.wanted && first.status === 200 ? { outcome: 'public' } : judge(trial, first)
  const challenge = parseChallenge(first.headers['www-authenticate'])
  if (challenge === undefined)
    return { outcome: 'unclear', url: urlOf(trial), words: '401 without a challenge that a client knows' }
  const authorization = await authorize(trial, challenge)
  return 'outcome' in authorization
    ? authorization
    : judge(trial, await askManifest(trial, authorization), authorization)
}

/** Of Docker Hub the name is not the address. */
const addressOf = (host: string) => (host === 'docker.io' || host === 'index.docker.io' ? 'registry-1.docker.io' : host)

function urlOf({ wanted }: Trial): string {
  const root = `https://${addressOf(wanted.host)}/v2/`
  if (!('repository' in wanted)) return root
  return `${root}${wanted.repository}/manifests/${wanted.digest ?? wanted.tag ?? 'latest'}`
}

function askManifest(trial: Trial, authorization?: RegistryAuthorization): Promise<HttpAnswer> {
  const method = 'repository' in trial.wanted ? 'HEAD' : 'GET'
  return askRegistry(trial.outside, { method, url: urlOf(trial), accept: manifestTypes, authorization })
}

async function authorize(trial: Trial, challenge: Challenge): Promise<RegistryAuthorization | PullTrial> {
  const { wanted, credential, outside } = trial
  const basic = { kind: 'basic', ...credential } as const
  if (challenge.scheme === 'basic') return basic
  const realm = realmOf(challenge, wanted)
  if (realm === undefined)
    return { outcome: 'unclear', url: urlOf(trial), words: 'a challenge whose realm is no https URL' }
  const answer = await askRegistry(outside, { method: 'GET', url: realm.href, authorization: basic })
  const url = realm.origin + realm.pathname
  if (answer.status !== 200) return refusal(trial, answer, { at: 'token endpoint', url, sent: [credential.password] })
  const body = asObject(jsonOrNone(answer.body))
  const token = asText(body?.['token']) ?? asText(body?.['access_token'])
  if (!token) return { outcome: 'unclear', url, words: '200, but without a token' }
  return { kind: 'bearer', token: new Redacted(token) }
}

/** The credential goes there: only by https. */
function realmOf(challenge: Extract<Challenge, { scheme: 'bearer' }>, wanted: Trial['wanted']): URL | undefined {
  if (!URL.canParse(challenge.realm)) return undefined
  const realm = new URL(challenge.realm)
  if (realm.protocol !== 'https:' || realm.username !== '' || realm.password !== '') return undefined
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service)
  if ('repository' in wanted) realm.searchParams.set('scope', `repository:${wanted.repository}:pull`)
  return realm
}

async function judge(trial: Trial, answer: HttpAnswer, authorization?: RegistryAuthorization): Promise<PullTrial> {
  if (answer.status === 200) return { outcome: 'repository' in trial.wanted ? 'pulls' : 'accepted' }
  const sent = [trial.credential.password, ...(authorization?.kind === 'bearer' ? [authorization.token] : [])]
  const said = { at: 'manifest', url: urlOf(trial), sent } as const
  if (!('repository' in trial.wanted)) return refusal(trial, answer, said)
  // The answer to a HEAD has no words: the same is asked by GET, for the reason.
  const full = await askRegistry(trial.outside, {
    method: 'GET',
    url: urlOf(trial),
    accept: manifestTypes,
    authorization,
  })
  return refusal(trial, full.status === answer.status ? full : answer, said)
}

interface Said {
  readonly at: 'token endpoint' | 'manifest'
  readonly url: string
  readonly sent: readonly Redacted[]
}

function refusal({ outside }: Trial, answer: HttpAnswer, { at, url, sent }: Said): PullTrial {
  const { status } = answer
  const said = registryWords(answer)
  const words = said.message === undefined ? `${status}` : `${status} ${quoteSafely(said.message, sent)}`
  if (status === 401 || status === 403) return { outcome: 'refused', at, url, status, words }
  if (status === 404 && at === 'manifest' && said.codes.includes('MANIFEST_UNKNOWN'))
    return { outcome: 'absent', what: 'manifest', words }
  if (status === 404 && at === 'manifest' && said.codes.includes('NAME_UNKNOWN'))
    return { outcome: 'absent', what: 'repository', words }
  if (status === 429)
    return { outcome: 'throttled', url, words, retryAt: retryAtOf(answer.headers['retry-after'], outside.now()) }
  return { outcome: 'unclear', url, words }
}
