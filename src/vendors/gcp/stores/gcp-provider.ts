/**
 * A workload identity provider at Google with uploaded keys, so that nothing needs to be public.
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
 *
 * Google's API has no preconditions for it: the keys are read immediately before and after a write.
 */
import { createHash } from 'node:crypto'
import { brokenRule } from '../../../document/field-rules.ts'
import { type Fix, PullpassError } from '../../../errors/pullpass-error.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { type ApiResponse, UnexpectedResponse } from '../../../http/send.ts'
import type { PublishTarget, StoredDocument } from '../../../oidc/issuer-documents.ts'
import { type IssuerKey, parseJwks, renderJwk } from '../../../oidc/keys.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { plainJson } from '../../../text/plain-text.ts'
import { shellVariable } from '../../../text/shell.ts'
import type { Store, TargetContext } from '../../store.ts'
import { checkEndpoints } from '../endpoints.ts'
import { followOperation, type IamConnection, readOperation, sendIamRequest } from '../iam.ts'
import { canonicalProvider, workloadIdentityProvider } from '../names.ts'
import { iamRefusal } from '../operator/caller.ts'
import { type OperatorMember, operatorMember } from '../operator/operator-member.ts'
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
      const desired = googleKeys(text, provider)
      const before = await readKeys(connection, provider)
      if (before?.version !== replaces) return 'conflict'
      if (before?.text === desired) return 'written'
      await patchKeys(connection, provider, desired)
      const after = await readKeys(connection, provider)
      return after?.version === versionOf(desired) ? 'written' : 'conflict'
    },
  }
}

async function readKeys(connection: IamConnection, provider: string): Promise<StoredDocument | undefined> {
  const operator = await operatorMember(connection.context.environment, publishCaller)
  const read = (response: ApiResponse) => readProvider(response, provider)
  const { state, oidc } = await sendIamRequest(connection, {
    method: 'GET',
    path: `v1/${provider}`,
    read,
    refusal: (status, body) => providerRefusal(status, body, provider, operator),
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
  const operator = await operatorMember(connection.context.environment, publishCaller)
  const started = await sendIamRequest(connection, {
    method: 'PATCH',
    path: `v1/${provider}?updateMask=oidc.jwksJson`,
    json: { oidc: { jwksJson } },
    read: readOperation,
    refusal: (status, body) => providerRefusal(status, body, provider, operator),
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
    expected: 'an active provider',
    hint: 'within 30 days of its deletion, restore it',
    command: `gcloud iam workload-identity-pools providers undelete ${provider}`,
  })

const otherKind = (provider: string) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `the provider ${provider} is not an OIDC provider, so it has no keys`,
    expected: 'an OIDC provider',
    hint: 'use another provider, or create one',
    command: 'gcloud iam workload-identity-pools providers create-oidc --help',
  })

const noKey = (provider: string) =>
  new PullpassError({
    code: 'KEYS_UNUSABLE',
    hop: 'publish',
    seen: `Google accepts none of the keys as uploaded keys of ${provider}`,
    expected: 'an RSA key, or an EC key on P-256',
    hint: 'publish to a bucket, where verifiers can read keys of other types, or use an RSA signing key',
  })

/** A refusal of Google's IAM for an upload of keys: its message often does not name the provider. @internal */
export function providerRefusal(
  status: number,
  body: unknown,
  provider: string,
  operator: OperatorMember,
): Refusal | undefined {
  const refusal = iamRefusal(status, body, publishCaller)
  if (refusal === undefined || refusal.code === 'API_DISABLED' || refusal.code === 'PERIMETER_DENIED') return refusal
  const { hint, command } = fixOfProvider(status, provider, operator) ?? refusal
  return { ...refusal, expected: expectedOf(refusal, provider), hint, command }
}

function expectedOf({ code }: Refusal, provider: string): string {
  if (code === 'PUBLISH_TARGET_NOT_FOUND')
    return `the provider ${provider} to exist: pullpass issuer publish does not create it`
  if (code === 'PUBLISH_DENIED') return `permission for the operator to read and update the provider ${provider}`
  return `a response for the provider ${provider}`
}

/** https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers#create-pool-provider */
function fixOfProvider(status: number, provider: string, operator: OperatorMember): Fix | undefined {
  const [, project = ''] = provider.split('/')
  if (status === 404)
    return {
      hint: 'pullpass trust apply -f FILE creates it with its pool; in an existing pool',
      command: `gcloud iam workload-identity-pools providers create-oidc ${provider} --issuer-uri=${shellVariable('ISSUER')} --attribute-mapping=google.subject=assertion.sub`,
    }
  if (status === 403)
    return {
      hint: `grant the operator this role, or one with the permission in the message${operator.unknown === undefined ? '' : ` (${operator.unknown})`}`,
      command: `gcloud projects add-iam-policy-binding ${project} --role=roles/iam.workloadIdentityPoolAdmin --member=${operator.member} --condition=None`,
    }
  if (status >= 500) return { hint: 'no action if this is temporary; published documents are not changed' }
  return status === 400 ? { hint: 'check the message of Google; the published keys are unchanged' } : undefined
}

// Keys in `jwksJson` of a provider: RSA and P-256, without further members. Google refuses others when it first uses them, in an
// exchange.
// https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes

const acceptedKeyTypes = ['RSA', 'P-256']

/** Undefined if it is accepted. */
export const whyNotKept = ({ type, curve }: IssuerKey): string | undefined =>
  acceptedKeyTypes.includes(curve ?? type) ? undefined : `Google does not accept uploaded keys of type ${curve ?? type}`

/** Also part of printed scripts, and a kid can contain any character. */
export const renderUploadedKeys = (keys: readonly IssuerKey[]): string =>
  plainJson(JSON.stringify({ keys: keys.map(renderJwk) }))
