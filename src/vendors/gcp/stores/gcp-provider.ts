/**
 * A workload identity provider at Google that holds the keys itself, so that nothing need be public.
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
 *
 * Google's API has no precondition for it: the provider is read immediately before and after the write.
 */
import { createHash } from 'node:crypto'
import { brokenRule } from '../../../document/field-rules.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { type ApiResponse, UnexpectedResponse } from '../../../http/send.ts'
import type { PublishTarget, StoredDocument } from '../../../oidc/issuer-documents.ts'
import { type IssuerKey, parseJwks, renderJwk } from '../../../oidc/keys.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { plainJson } from '../../../text/plain-text.ts'
import type { Store, TargetContext } from '../../store.ts'
import { checkEndpoints } from '../endpoints.ts'
import { followOperation, type IamConnection, readOperation, sendIamRequest } from '../iam.ts'
import { canonicalProvider, workloadIdentityProvider } from '../names.ts'
import { iamRefusal } from '../operator/caller.ts'
import { operatorToken } from '../operator/sign-in.ts'
import { publishCaller } from './gs.ts'

export interface ProviderName {
  readonly provider: string
}

export const store: Store<ProviderName> = {
  parse(rest) {
    const expected = brokenRule(workloadIdentityProvider, rest)
    return expected === undefined ? { name: { provider: canonicalProvider(rest) } } : { expected }
  },
  meaning: (text) => (brokenRule(workloadIdentityProvider, text) === undefined ? `gcp-provider:${text}` : undefined),
  publicUrl: () => undefined,
  makePublic: () => undefined,
  open: openProvider,
}

/** @throws VARIABLE_INVALID */
function openProvider({ provider }: ProviderName, context: TargetContext): PublishTarget {
  checkEndpoints(context.environment)
  const connection = { context, caller: publishCaller, token: operatorToken(context, publishCaller) }
  return {
    name: `gcp-provider:${provider}`,
    publicUrl: undefined,
    facts: { publishes: 'keys', stores: ['jwks'], keyTypes: acceptedKeyTypes },
    async read(document) {
      return document === 'jwks' ? await readKeys(connection, provider) : undefined
    },
    async write(document, { text }, replaces) {
      if (document !== 'jwks') throw new TypeError('a provider stores keys only')
      const wanted = googleKeys(text, provider)
      const before = await readKeys(connection, provider)
      if (before?.version !== replaces) return 'conflict'
      if (before?.text === wanted) return 'written'
      await patchKeys(connection, provider, wanted)
      const after = await readKeys(connection, provider)
      return after?.version === versionOf(wanted) ? 'written' : 'conflict'
    },
  }
}

async function readKeys(connection: IamConnection, provider: string): Promise<StoredDocument | undefined> {
  const read = (response: ApiResponse) => readProvider(response, provider)
  const { state, oidc } = await sendIamRequest(connection, {
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

function readProvider({ body }: ApiResponse, provider: string) {
  const object = asObject(body)
  if (object?.['name'] !== provider) throw new UnexpectedResponse('it describes no provider of that name')
  return { state: object['state'], oidc: asObject(object['oidc']) }
}

const versionOf = (text: string) => createHash('sha256').update(text).digest('hex')

async function patchKeys(connection: IamConnection, provider: string, jwksJson: string): Promise<void> {
  const started = await sendIamRequest(connection, {
    method: 'PATCH',
    path: `v1/${provider}?updateMask=oidc.jwksJson`,
    json: { oidc: { jwksJson } },
    read: readOperation,
    refusal: (status, body) => providerRefusal(status, body, provider),
  })
  await followOperation(connection, started)
}

function googleKeys(text: string, provider: string): string {
  const keys = (parseJwks(text) ?? []).filter((key) => whyNotKept(key) === undefined)
  if (keys.length === 0) throw noKey(provider)
  return renderUploadedKeys(keys)
}

const deleted = (provider: string) =>
  new PullpassError({
    code: 'PUBLISH_TARGET_NOT_FOUND',
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

/** What a refusal of Google's IAM means to who uploads keys into a provider: its sentence rarely says of what it speaks. */
export function providerRefusal(status: number, body: unknown, provider: string): Refusal | undefined {
  const refusal = iamRefusal(status, body, publishCaller)
  if (refusal === undefined || refusal.code === 'API_DISABLED' || refusal.code === 'PERIMETER_DENIED') return refusal
  return { ...refusal, expected: expectedOf(refusal, provider), hint: hintOf(status, provider) ?? refusal.hint }
}

function expectedOf({ code }: Refusal, provider: string): string {
  if (code === 'PUBLISH_TARGET_NOT_FOUND')
    return `the provider ${provider}: pullpass publishes keys into one that is there`
  if (code === 'PUBLISH_DENIED') return `that the operator may read and change the provider ${provider}`
  return `a response about the provider ${provider}`
}

/** https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers#create-pool-provider */
function hintOf(status: number, provider: string): string | undefined {
  const [, project = 'PROJECT'] = provider.split('/')
  if (status === 404)
    return `pullpass trust apply -f FILE makes it, with its pool; in a pool that is there: gcloud iam workload-identity-pools providers create-oidc ${provider} --issuer-uri=ISSUER --attribute-mapping=google.subject=assertion.sub`
  if (status === 403)
    return `grant it to the operator, or a role with what Google names: gcloud projects add-iam-policy-binding ${project} --role=roles/iam.workloadIdentityPoolAdmin --member=OPERATOR --condition=None`
  if (status >= 500) return 'no action if this is temporary; published documents are not changed'
  return status === 400 ? 'see what Google says of it; what is published stays' : undefined
}

// Keys as a provider at Google keeps them, in `jwksJson`: RSA and P-256, and no stray members. Others are refused when Google
// first needs them, at an exchange.
// https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes

const acceptedKeyTypes = ['RSA', 'P-256']

/** Undefined if it is accepted. */
export const whyNotKept = ({ type, curve }: IssuerKey): string | undefined =>
  acceptedKeyTypes.includes(curve ?? type) ? undefined : `Google does not accept uploaded keys of type ${curve ?? type}`

/** It stands in printed scripts as well, and a kid is whatever the cluster says. */
export const renderUploadedKeys = (keys: readonly IssuerKey[]): string =>
  plainJson(JSON.stringify({ keys: keys.map(renderJwk) }))
