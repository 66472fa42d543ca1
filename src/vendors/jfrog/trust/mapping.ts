/**
 * An identity mapping of an integration: exactly one subject and audience of the cluster's issuer, and the identity of its tokens.
 *
 *     own mapping          created and updated as the document needs it
 *     other, as needed     used as it is; its lifetime changes only with --replace lifetime
 *     other, first         refused: it accepts the token before the own one, or JFrog may choose either
 *     other, last          reported
 *
 * https://jfrog.com/help/r/jfrog-rest-apis/create-an-identity-mapping
 */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { JsonObject } from '../../../text/json-fields.ts'
import {
  type Accepted,
  changedMeanwhile,
  type RemovalPlan,
  type RemovalScope,
  trustRefused,
} from '../../trust/contract.ts'
import { whyFormer } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, hasMarkedName, isMarked } from '../../trust/marks.ts'
import type { DesiredMapping, Grantee } from './desired.ts'
import {
  acceptance,
  actsAs,
  describeClaims,
  describeIdentity,
  describeRank,
  type FoundMapping,
  isMappingName,
  listMappings,
  type MappingFields,
  mappingPath,
  mappingsPath,
  rankOf,
  scopeOf,
} from './found.ts'
import { changeJfrog, deleteJfrog, type Platform } from './requests.ts'
import { mappingHcl } from './terraform.ts'

/** Of a pull secret; JFrog's default of 60 s is too short, and pullpass relies on none over 12 hours. Seconds. */
const usualSeconds = 3600
const [shortest, longest] = [600, 12 * 3600]

/** Before all others. */
const first = 1

/** The token is for Artifactory, and for no other service of the platform. */
const tokenSpecOf = (grantee: Grantee): JsonObject => ({
  ...(grantee.kind === 'user' && { username: grantee.name }),
  scope: scopeOf(grantee),
  audience: 'jfrt@*',
  expires_in: usualSeconds,
})

/** Claims in the order in which JFrog's Terraform provider reads them. */
export const createdFields = ({
  name,
  description,
  integration,
  subject,
  audience,
  grantee,
}: DesiredMapping): MappingFields => ({
  name,
  description,
  priority: first,
  claims: { aud: audience, iss: integration.issuer, sub: subject },
  tokenSpec: tokenSpecOf(grantee),
})

interface Mappings {
  /** With the name that pullpass gives. */
  readonly own: FoundMapping | undefined
  /** Of others, as the document needs it. */
  readonly usable: FoundMapping | undefined
  /** They accept the token, too, or may do so. */
  readonly others: readonly FoundMapping[]
}

function sorted(desired: DesiredMapping, all: readonly FoundMapping[]): Mappings {
  const own = all.find(({ name }) => name === desired.name)
  const accepting = all.filter((one) => one !== own && acceptance(one, desired) !== 'not')
  const usable = own === undefined ? accepting.find((one) => isUsable(one, desired)) : undefined
  return { own, usable, others: accepting.filter((one) => one !== usable) }
}

const isUsable = (one: FoundMapping, desired: DesiredMapping) =>
  one.projectKey === '' &&
  isMappingName(one.name) &&
  acceptance(one, desired) === 'exactly' &&
  actsAs(one, desired.grantee)

export async function observeMapping(
  desired: DesiredMapping,
  accepted: Accepted,
  platform: Platform,
): Promise<VendorFinding> {
  return evaluateMapping(desired, await listMappings(platform, desired.integration.name), accepted, platform)
}

function evaluateMapping(
  desired: DesiredMapping,
  all: readonly FoundMapping[],
  accepted: Accepted,
  platform: Platform,
): VendorFinding {
  const { own, usable, others } = sorted(desired, all)
  const { notes: formerNotes, ...former } = formerOf(desired, all, accepted, platform)
  const existing = own ?? usable
  const presence = existing === undefined ? 'absent' : 'present'
  const rank = usable === undefined ? first : rankOf(usable)
  const rivals = others.filter((one) => rankOf(one) <= rank && !actsAs(one, desired.grantee))
  const rest = others.filter((one) => !rivals.includes(one)).map(describeOther)
  const notes = [...rest, ...formerNotes]
  const hcl = mappingHcl(platform.url, desired, presence, existing ?? createdFields(desired))
  const [rival] = rivals
  if (rival !== undefined) return { presence, verdict: 'refused', hcl, notes, fault: comesFirst(desired, rival) }
  if (existing === undefined) {
    return {
      presence,
      verdict: 'create',
      notes,
      kept: former.kept,
      changes: [creation(desired, platform), ...former.changes],
    }
  }
  const changed = own === undefined ? lifetimeOf(existing) : changesOf(desired, own)
  if (own === undefined && changed.length > 0 && !accepted.replace.includes('lifetime')) {
    return {
      presence,
      verdict: 'refused',
      hcl,
      notes,
      fault: shortLived(existing),
      override: { replace: ['lifetime'] },
    }
  }
  const updates =
    changed.length === 0 ? [] : [update(desired, existing, { changed, owner: own ? 'own' : 'other' }, platform)]
  const changes = [...updates, ...former.changes]
  const after = updates.length === 0 ? existing : updatedFields(desired, existing, own ? 'own' : 'other')
  const verdict = changes.length === 0 ? 'ok' : 'update'
  return {
    presence,
    verdict,
    notes,
    kept: former.kept,
    changes,
    hcl: mappingHcl(platform.url, desired, presence, after),
  }
}

const isUsualLife = ({ lifeSeconds }: FoundMapping) => lifeSeconds >= shortest && lifeSeconds <= longest

const lifetimeOf = (found: FoundMapping): string[] => (isUsualLife(found) ? [] : ['lifetime'])

/** The services for which tokens are valid stay as they are. */
function changesOf(desired: DesiredMapping, found: FoundMapping): string[] {
  const isExact = Object.keys(found.claims).length === 3 && found.claims['iss'] === desired.integration.issuer
  return [
    ...(isExact && acceptance(found, desired) === 'exactly' ? [] : ['claims']),
    ...(actsAs(found, desired.grantee) ? [] : ['identity']),
    ...lifetimeOf(found),
    ...(found.priority === first ? [] : ['priority']),
    ...(isMarked(found.description, [desired.integration.mark]) ? [] : ['description']),
  ]
}

const describeOther = (other: FoundMapping) =>
  `mapping ${other.name} ${describeRank(other)} also accepts ${describeClaims(other)}, as ${describeIdentity(other)}`

const comesFirst = ({ subject, grantee }: DesiredMapping, rival: FoundMapping) =>
  trustRefused(`mapping ${rival.name} ${describeRank(rival)} also accepts ${subject}, as ${describeIdentity(rival)}`, {
    expected: `the mapping that acts as ${grantee.kind} ${grantee.name} to come first: JFrog uses one of a project, or else that with the lowest number`,
    hint: 'check who created it, and give it a larger number or narrower claims in Administration, General, Manage Integrations; or set another jfrog.providerName in the document',
  })

const shortLived = ({ name, lifeSeconds }: FoundMapping): PullpassError =>
  trustRefused(`mapping ${name} issues tokens for ${lifeSeconds} s`, {
    expected: `a lifetime of ${shortest} s to ${longest} s: pull secrets would expire before they are refreshed, or be relied on for too long`,
    hint: `pullpass did not create it; to set it to ${usualSeconds} s: --replace lifetime`,
  })

const requestOf = ({ name, description, priority, claims, tokenSpec }: MappingFields, integration: string) => ({
  name,
  ...(description !== '' && { description }),
  provider_name: integration,
  ...(priority !== undefined && { priority }),
  claims,
  token_spec: tokenSpec,
})

function creation(desired: DesiredMapping, platform: Platform): VendorChange {
  const { integration, name, subject, audience, grantee } = desired
  const description = `create mapping ${name} of ${integration.name}: ${subject} with audience ${audience} acts as ${grantee.kind} ${grantee.name}`
  return changeJfrog(
    platform,
    { action: 'create', description },
    { method: 'POST', path: mappingsPath(integration.name), json: requestOf(createdFields(desired), integration.name) },
  )
}

/** What was configured in the specification of its tokens stays, where it is not that of their identity. */
function updatedFields(desired: DesiredMapping, found: FoundMapping, owner: 'own' | 'other'): FoundMapping {
  const lifeSeconds = isUsualLife(found) ? found.lifeSeconds : usualSeconds
  if (owner === 'other') return { ...found, lifeSeconds, tokenSpec: { ...found.tokenSpec, expires_in: lifeSeconds } }
  const { audience: services } = found.tokenSpec
  const created = createdFields(desired)
  const tokenSpec = {
    ...created.tokenSpec,
    ...(typeof services === 'string' && services !== '' && { audience: services }),
    expires_in: lifeSeconds,
  }
  return { ...created, lifeSeconds, projectKey: '', tokenSpec }
}

interface Update {
  readonly changed: readonly string[]
  readonly owner: 'own' | 'other'
}

/** An update sets every field. */
function update(
  desired: DesiredMapping,
  found: FoundMapping,
  { changed, owner }: Update,
  platform: Platform,
): VendorChange {
  const { integration, subject, audience, grantee } = desired
  const after = updatedFields(desired, found, owner)
  const words: Readonly<Record<string, string>> = {
    claims: `accepts exactly ${subject} with audience ${audience}, instead of ${describeClaims(found)}`,
    identity: `acts as ${grantee.kind} ${grantee.name}, instead of ${describeIdentity(found)}`,
    lifetime: `tokens for ${after.lifeSeconds} s, instead of ${found.lifeSeconds} s`,
    priority: `priority ${first}`,
    description: 'the mark of the cluster',
  }
  const description = `update mapping ${found.name} of ${integration.name}: ${changed.map((field) => words[field]).join(', ')}`
  const change = changeJfrog(
    platform,
    { action: 'update', fields: changed, description },
    { method: 'PUT', path: mappingPath(integration.name, found.name), json: requestOf(after, integration.name) },
  )
  return {
    ...change,
    async apply() {
      // All fields are written: those that another owner changed in the meantime are not replaced by earlier ones.
      const current = (await listMappings(platform, integration.name)).find(({ name }) => name === found.name)
      if (JSON.stringify(current) !== JSON.stringify(found)) throw changedMeanwhile(`mapping ${found.name}`)
      await change.apply()
    },
  }
}

interface Former {
  readonly changes: readonly VendorChange[]
  readonly notes: readonly string[]
  readonly kept: readonly string[]
}

/** Mappings of pullpass for the cluster that no document of this run needs; with the first mapping of the integration. */
function formerOf(
  { integration, name, names, subjectsFrom }: DesiredMapping,
  all: readonly FoundMapping[],
  { replace }: Accepted,
  platform: Platform,
): Former {
  const former =
    name === names[0]
      ? all.filter(
          (one) => hasMarkedName(one.name, [integration.mark]) && isMappingName(one.name) && !names.includes(one.name),
        )
      : []
  if (replace.includes('subjects')) {
    const changes = former.map((one) =>
      changeJfrog(
        platform,
        { action: 'delete', description: `delete mapping ${one.name} of ${integration.name}: ${describeClaims(one)}` },
        { method: 'DELETE', path: mappingPath(integration.name, one.name) },
      ),
    )
    return { changes, notes: [], kept: [] }
  }
  const notes = former.map(
    (one) => `mapping ${one.name} still accepts ${describeClaims(one)}, ${whyFormer(subjectsFrom)}`,
  )
  return { changes: [], notes, kept: former.length === 0 ? [] : ['subjects'] }
}

export async function planMappingRemoval(
  { integration, name }: DesiredMapping,
  { marks }: RemovalScope,
  platform: Platform,
): Promise<RemovalPlan> {
  const own = (await listMappings(platform, integration.name)).find((one) => one.name === name)
  if (own === undefined) return { state: 'absent' }
  if (!isMarked(own.description, marks)) return { state: 'kept', note: describeOwner(own.description) }
  return {
    state: 'removable',
    async remove() {
      await deleteJfrog(platform, mappingPath(integration.name, name))
      return undefined
    },
  }
}
