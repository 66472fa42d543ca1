/** The resources as Terraform configures them. https://registry.terraform.io/providers/chainguard-dev/chainguard/latest/docs */
import { asTexts } from '../../../text/json-fields.ts'
import { rfc3339 } from '../../../text/time.ts'
import type { HclResource } from '../../trust/contract.ts'
import {
  type HclAttribute,
  hashComment,
  hclBlock,
  hclText,
  hclTexts,
  labelOf,
  terraformResource,
} from '../../trust/hcl.ts'
import { parentOf } from '../names.ts'
import { bindingName, claimNames, type DesiredBinding, type DesiredIdentity } from './desired.ts'
import type { AcceptedClaims, AcceptedKeys, FoundIdentity } from './found-identity.ts'

const chainguard: HclResource['requires'] = {
  name: 'chainguard',
  source: 'chainguard-dev/chainguard',
  version: '>= 0.4',
}

const identityType = 'chainguard_identity'

/** An existing identity, as it is or becomes. A block for one of another kind, or with expired keys, is not valid. */
export function identityHcl({ uid, name, description, accepts }: FoundIdentity, now: Date): HclResource {
  const relationship =
    accepts.by === 'claims' ? claimBlock(accepts) : accepts.by === 'keys' ? keysBlock(accepts, now) : undefined
  if (relationship === undefined)
    return withoutBlock(`${identityType} is not used for ${uid}: it cannot be changed by it.`)
  const attributes = hclTexts({ parent_id: parentOf(uid), name, ...(description && { description }) })
  return terraformResource(chainguard, {
    type: identityType,
    label: labelOf(uid),
    attributes: [...attributes, relationship],
    id: uid,
  })('present')
}

export const withoutBlock = (why: string): HclResource => ({
  requires: chainguard,
  block: hashComment(why),
  importBlock: undefined,
})

/** Terraform could create an identity, but not with the id that the document names. */
export const absentIdentityHcl = ({ uid }: DesiredIdentity): HclResource => withoutBlock(`${uid} does not exist.`)

function claimBlock(accepts: AcceptedClaims): string {
  const matches = claimNames.flatMap((name): HclAttribute[] => {
    const match = accepts[name]
    if (match === undefined) return []
    return 'exact' in match ? [[name, hclText(match.exact)]] : [[`${name}_pattern`, hclText(match.pattern)]]
  })
  const { claims, claimPatterns } = accepts.match
  return hclBlock('claim_match', [...matches, ...mapOf('claims', claims), ...mapOf('claim_patterns', claimPatterns)])
}

function mapOf(name: string, value: unknown): HclAttribute[] {
  const entries = Object.entries(asTexts(value))
  const items = entries.map(([key, text]) => `${hclText(key)} = ${hclText(text)}`)
  return entries.length === 0 ? [] : [[name, `{ ${items.join(', ')} }`]]
}

/** The Terraform provider has no audiences of stored keys, and would remove them. */
function keysBlock({ issuer, subject, text, expiresAt, audiences }: AcceptedKeys, now: Date): string | undefined {
  if (expiresAt === undefined || expiresAt <= now || audiences.length > 0) return undefined
  return hclBlock('static', hclTexts({ issuer, subject, issuer_keys: text, expiration: rfc3339(expiresAt) }))
}

/** Where a role binding is, or would be; empty texts where that could not be read. */
export interface BindingPlace {
  readonly group: string
  readonly role: string
  /** Of an existing one. */
  readonly uid?: string | undefined
}

export const bindingHcl = (desired: DesiredBinding, { group, role, uid }: BindingPlace): HclResource =>
  terraformResource(chainguard, {
    type: 'chainguard_rolebinding',
    label: labelOf(bindingName(desired)),
    attributes: [['identity', `${identityType}.${labelOf(desired.identity.uid)}.id`], ...hclTexts({ group, role })],
    id: uid ?? '',
  })(uid === undefined ? 'absent' : 'present')
