/**
 * A workload identity federation of a cluster for one service account: the issuer, its keys, and the audiences of tokens.
 * A federation's issuer cannot be changed.
 * https://yandex.cloud/docs/iam/concepts/workload-identity
 */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import {
  type Accepted,
  type Change,
  type RemovalPlan,
  type RemovalScope,
  type TrustFinding,
  trustRefused,
} from '../../trust/contract.ts'
import { marksIn } from '../../trust/marks.ts'
import { editsFederations, type FoundAccount, type FoundFederation, federationIn } from './account.ts'
import { changeOf } from './commands.ts'
import type { DesiredFederation } from './desired.ts'
import { changeYandex } from './requests.ts'
import { type FederationFields, federationHcl } from './terraform.ts'

type Evaluated = Pick<TrustFinding, 'presence' | 'verdict' | 'changes' | 'notes' | 'hcl'> & Partial<TrustFinding>

/** `jwksUrl`: where the issuer's discovery document leads; a fault where it cannot be read. */
export interface FederationFacts {
  readonly account: FoundAccount
  readonly jwksUrl: string | PullpassError
}

export function evaluateFederation(
  desired: DesiredFederation,
  { account, jwksUrl }: FederationFacts,
  { replace }: Accepted,
  context: Context,
): Evaluated {
  const existing = federationIn(account, desired)
  if (existing === undefined) {
    const fields = { folderId: account.folderId, audiences: desired.audiences, jwksUrl: urlOr(jwksUrl, '') }
    const absent = { presence: 'absent', notes: [], hcl: federationHcl(desired, fields, undefined) } as const
    if (typeof jwksUrl !== 'string') return { ...absent, verdict: 'unknown', changes: [], fault: jwksUrl }
    return { ...absent, verdict: 'create', changes: [createChange(desired, { ...fields, jwksUrl }, context)] }
  }
  const extra = existing.audiences.filter((one) => !desired.audiences.includes(one))
  const missing = desired.audiences.filter((one) => !existing.audiences.includes(one))
  const isOwn = existing.name === desired.name
  const isAccepted = replace.includes('audiences')
  const isExact = isOwn && isAccepted // of another owner, audiences are only added: other service accounts may use them
  const audiences = isExact ? desired.audiences : [...existing.audiences, ...missing]
  const after = { folderId: existing.folderId, audiences, jwksUrl: urlOr(jwksUrl, existing.jwksUrl) }
  const present = {
    presence: 'present',
    notes: notesOn(existing, isOwn && !isExact ? extra : [], jwksUrl),
    kept: extra.length > 0 && isOwn && !isExact ? ['audiences'] : [],
    hcl: federationHcl(desired, after, existing),
  } as const
  const unchanged = { ...present, hcl: federationHcl(desired, existing, existing), changes: [] }
  const refusal = whyRefused(desired, existing)
  if (refusal !== undefined) return { ...unchanged, verdict: 'refused', fault: refusal }
  const [changesAudiences, changesUrl] = [
    missing.length > 0 || (isExact && extra.length > 0),
    after.jwksUrl !== existing.jwksUrl,
  ]
  const unaccepted = [
    ...(missing.length > 0 && !isOwn && !isAccepted ? ['audiences'] : []),
    ...(changesUrl && !replace.includes('jwksUrl') ? ['jwksUrl'] : []),
  ]
  if (unaccepted.length > 0) {
    const fault = whyNotUpdated(desired, existing, { missing, jwksUrl: after.jwksUrl, unaccepted })
    return { ...unchanged, verdict: 'refused', fault, override: { replace: unaccepted } }
  }
  const fields = { ...(changesAudiences && { audiences }), ...(changesUrl && { jwksUrl: after.jwksUrl }) }
  if (Object.keys(fields).length === 0) return { ...unchanged, verdict: 'ok' }
  return { ...present, verdict: 'update', changes: [updateChange(existing, fields, context)] }
}

const urlOr = (jwksUrl: string | PullpassError, otherwise: string) =>
  typeof jwksUrl === 'string' ? jwksUrl : otherwise

const notesOn = (existing: FoundFederation, extra: readonly string[], jwksUrl: string | PullpassError) => [
  ...extra.map((one) => `it also accepts the audience ${one}: --replace audiences removes it`),
  ...(typeof jwksUrl === 'string'
    ? []
    : [`it reads keys from ${existing.jwksUrl}, which could not be compared with the issuer: ${jwksUrl.seen}`]),
]

/** What no flag changes. */
function whyRefused(desired: DesiredFederation, existing: FoundFederation): PullpassError | undefined {
  const { id, name, issuer } = existing
  if (issuer !== desired.issuer) {
    return trustRefused(`federation ${name} has the issuer ${issuer}`, {
      expected: `${desired.issuer}, the issuer of the cluster for which pullpass created it; an issuer cannot be changed`,
      hint: 'check who created it; to create it again, delete this one',
      command: `yc iam workload-identity oidc federation delete --id ${id}`,
    })
  }
  if (existing.state === 'enabled') return undefined
  return trustRefused(`federation ${name || id} is disabled`, {
    expected: 'an enabled one: a disabled one accepts no token',
    hint: `check who disabled it, and enable federation ${id} in the console`,
  })
}

interface Unaccepted {
  readonly missing: readonly string[]
  readonly jwksUrl: string
  readonly unaccepted: readonly string[]
}

function whyNotUpdated(
  { issuer }: DesiredFederation,
  existing: FoundFederation,
  { missing, jwksUrl, unaccepted }: Unaccepted,
): PullpassError {
  const name = existing.name || existing.id
  if (unaccepted.includes('jwksUrl')) {
    return trustRefused(`federation ${name} reads keys from ${existing.jwksUrl}`, {
      expected: `${jwksUrl}, to which the discovery document of ${issuer} leads`,
      hint: 'check who changed it; to replace it: --replace jwksUrl',
    })
  }
  return trustRefused(`federation ${name} accepts the audiences ${existing.audiences.join(', ')}`, {
    expected: `${missing.join(', ')} too, the audience of requested tokens`,
    hint: 'set the audience of the registry to that of the federation, or add it: --replace audiences',
  })
}

function createChange(desired: DesiredFederation, fields: FederationFields, context: Context): Change {
  const { name, issuer, description, accountId } = desired
  const { folderId, audiences, jwksUrl } = fields
  const place = ['--name', name, '--folder-id', folderId, '--description', description]
  const flags = [...place, '--issuer', issuer, '--jwks-url', jwksUrl, '--audiences', audiences.join(',')]
  return changeOf(
    {
      action: 'create',
      description: `create federation ${name} in folder ${folderId}: issuer ${issuer}, audience ${audiences.join(', ')}, for ${accountId}`,
      words: [...'iam workload-identity oidc federation create'.split(' '), ...flags],
    },
    async () =>
      await changeYandex(context, {
        api: 'iam',
        method: 'POST',
        path: '/iam/v1/workload/oidc/federations',
        json: { folderId, name, description, audiences, issuer, jwksUrl },
        needs: editsFederations(folderId),
      }),
  )
}

type UpdatedFields = Partial<Pick<FederationFields, 'audiences' | 'jwksUrl'>>

/** Flags of `update` other than those of `create` are not documented: the command sets the fields as `create` does. */
function updateChange(existing: FoundFederation, fields: UpdatedFields, context: Context): Change {
  const { id, name, folderId } = existing
  const { audiences, jwksUrl } = fields
  const changed = [
    ...(audiences === undefined ? [] : [`audience ${audiences.join(', ')}`]),
    ...(jwksUrl === undefined ? [] : [`keys from ${jwksUrl} instead of ${existing.jwksUrl}`]),
  ]
  const flags = [
    ...(audiences === undefined ? [] : ['--audiences', audiences.join(',')]),
    ...(jwksUrl === undefined ? [] : ['--jwks-url', jwksUrl]),
  ]
  return changeOf(
    {
      action: 'update',
      fields: Object.keys(fields),
      description: `update federation ${name || id}: ${changed.join(', ')}`,
      words: ['iam', 'workload-identity', 'oidc', 'federation', 'update', '--id', id, ...flags],
    },
    async () =>
      await changeYandex(context, {
        api: 'iam',
        method: 'PATCH',
        path: `/iam/v1/workload/oidc/federations/${id}`,
        json: { updateMask: Object.keys(fields).join(','), ...fields },
        needs: editsFederations(folderId),
      }),
  )
}

/** Removable if pullpass created it for one of these clusters, and it signs nothing else in. */
export function planFederationRemoval(
  desired: DesiredFederation,
  account: FoundAccount,
  { marks, removed }: RemovalScope,
  context: Context,
): RemovalPlan {
  const existing = federationIn(account, desired)
  if (existing === undefined) return { state: 'absent' }
  const why = whyKept(existing, marks)
  if (why !== undefined) return { state: 'kept', note: why }
  const others = account.credentials.filter(
    ({ federationId: of, subject }) => of === existing.id && !removed.includes(`${desired.name}/${subject}`),
  )
  if (others.length > 0) {
    return { state: 'kept', note: `${others.map(({ subject }) => subject).join(' and ')} still signs in with it` }
  }
  return {
    state: 'removable',
    async remove() {
      const { id, folderId } = existing
      const path = `/iam/v1/workload/oidc/federations/${id}`
      await changeYandex(context, { api: 'iam', method: 'DELETE', path, needs: editsFederations(folderId) })
      return undefined
    },
  }
}

/** Undefined: pullpass created it for one of the clusters with these marks. */
export function whyKept({ description }: FoundFederation, marks: readonly string[]): string | undefined {
  const carried = marksIn(description)
  if (carried.length === 0) return 'pullpass did not create it'
  if (carried.some((mark) => marks.includes(mark))) return undefined
  return `pullpass created it for another issuer than this cluster's: it carries ${carried[0]}`
}
