/**
 * A workload identity provider at Google that holds the keys itself, so that nothing need be public.
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
 *
 * Google's interface has no precondition for it: what is there is looked at right before and right after.
 */
import { createHash } from 'node:crypto'
import { asObject, asText } from '../../../outside/json-fields.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { AnswerUnread, type Received } from '../../../outside/send.ts'
import { checkEndpoints } from '../../../providers/gcp-endpoints.ts'
import { askIam, type IamConnection } from '../../../providers/gcp-iam/ask-iam.ts'
import { followOperation, readOperation } from '../../../providers/gcp-iam/follow-operation.ts'
import { operatorToken } from '../../../providers/gcp-iam/operator-token.ts'
import type { PublishTarget, StoredDocument } from '../../documents/publish-target.ts'
import { parseJwks } from '../../keys/parse-jwks.ts'
import type { TargetName } from '../parse-target.ts'
import { googleCaller } from './google-caller.ts'
import { renderGoogleKeys, whyNotKeptAtGoogle } from './kept-at-google.ts'
import { providerRefusal } from './provider-refusal.ts'
import type { TargetOutside } from './target-outside.ts'

type ProviderName = Extract<TargetName, { kind: 'gcp-provider' }>

/** @throws VARIABLE_INVALID */
export function gcpProvider({ provider }: ProviderName, outside: TargetOutside): PublishTarget {
  checkEndpoints(outside.environment)
  const connection = { outside, caller: googleCaller, token: operatorToken(outside, googleCaller) }
  return {
    name: `gcp-provider:${provider}`,
    issuerUrl: undefined,
    openToAll: undefined,
    holds: ['jwks'],
    whyNotKept: whyNotKeptAtGoogle,
    async read(document) {
      return document === 'jwks' ? await readKeys(connection, provider) : undefined
    },
    async write(document, { text }, replaces) {
      if (document !== 'jwks') throw new TypeError('a provider holds keys alone')
      const wanted = googleKeys(text, provider)
      const before = await readKeys(connection, provider)
      if (before?.version !== replaces) return 'outrun'
      if (before?.text === wanted) return 'written'
      await patchKeys(connection, provider, wanted)
      const after = await readKeys(connection, provider)
      return after?.version === versionOf(wanted) ? 'written' : 'outrun'
    },
  }
}

async function readKeys(connection: IamConnection, provider: string): Promise<StoredDocument | undefined> {
  const read = (answer: Received) => readProvider(answer, provider)
  const { state, oidc } = await askIam(connection, {
    method: 'GET',
    path: `v1/${provider}`,
    read,
    refusal: (status, body) => providerRefusal(status, body, provider),
  })
  if (state === 'DELETED') throw deleted(provider)
  if (oidc === undefined) throw otherKind(provider)
  const text = asText(oidc['jwksJson'])
  return text ? { text, version: versionOf(text) } : undefined
}

function readProvider({ body }: Received, provider: string) {
  const object = asObject(body)
  if (object?.['name'] !== provider) throw new AnswerUnread('it describes no provider of that name')
  return { state: object['state'], oidc: asObject(object['oidc']) }
}

const versionOf = (text: string) => createHash('sha256').update(text).digest('hex')

async function patchKeys(connection: IamConnection, provider: string, jwksJson: string): Promise<void> {
  const started = await askIam(connection, {
    method: 'PATCH',
    path: `v1/${provider}?updateMask=oidc.jwksJson`,
    json: { oidc: { jwksJson } },
    read: readOperation,
    refusal: (status, body) => providerRefusal(status, body, provider),
  })
  await followOperation(connection, started)
}

function googleKeys(text: string, provider: string): string {
  const keys = (parseJwks(text) ?? []).filter((key) => whyNotKeptAtGoogle(key) === undefined)
  if (keys.length === 0) throw noKey(provider)
  return renderGoogleKeys(keys)
}

const deleted = (provider: string) =>
  new PullpassError({
    code: 'PUBLISH_TARGET_MISSING',
    hop: 'publish',
    seen: `the provider ${provider} is deleted`,
    expected: 'it to be in use',
    hint: `within 30 days of its end: gcloud iam workload-identity-pools providers undelete ${provider}`,
  })

const otherKind = (provider: string) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `the provider ${provider} is not of the kind OIDC: it takes no keys`,
    expected: 'a provider of OIDC',
    hint: 'name another, or make one: gcloud iam workload-identity-pools providers create-oidc --help',
  })

const noKey = (provider: string) =>
  new PullpassError({
    code: 'KEYS_UNUSABLE',
    hop: 'publish',
    seen: `none of the keys is one that Google takes as uploaded, for ${provider}`,
    expected: 'an RSA key, or an EC key on P-256',
    hint: 'publish to a bucket instead, where other verifiers read other keys; or sign with an RSA key',
  })
