/**
 * A provider, wanted against found: pure. What is there belongs to others too: it is added to where that is enough, and
 * kept where it differs, unless `replace` names the field.
 */
import { type IssuerKey, mergeKeys, parseJwks, sameKey } from '../../../oidc/keys.ts'
import { shellQuote } from '../../../text/plain-text.ts'
import { type Override, type Replaceable, trustRefused } from '../../trust-contract.ts'
import { renderUploadedKeys } from '../stores/gcp-provider.ts'
import { type DesiredProvider, defaultAudiences, describeSuccessor, subjectMapping } from './desired-state.ts'
import type { GcpChange, GcpFinding, ProviderFields, UpdatedFields } from './finding.ts'
import type { FoundProvider } from './observed-state.ts'
import { longestCondition, subjectCondition, subjectsOf } from './subject-condition.ts'

const mostAudiences = 10

export function compareProvider(
  wanted: DesiredProvider,
  found: FoundProvider | undefined,
  replace: readonly Replaceable[],
): GcpFinding {
  const { name, description } = wanted
  if (found === undefined) {
    const after = { kind: 'provider', name, description, ...fieldsOf(wanted) } as const
    return { after, presence: 'absent', verdict: 'create', changes: [{ kind: 'create', resource: after }], notes: [] }
  }
  const views = [
    compareIssuer(wanted, found, replace),
    compareMapping(wanted, found, replace),
    compareAudiences(wanted, found),
    compareKeys(wanted, found, replace),
    compareCondition(wanted, found, replace),
  ]
  const { issuer, audiences, mapping, condition, jwks } = found
  const kept = { issuer, audiences, mapping, condition, jwks }
  const fields: UpdatedFields = Object.assign({}, ...views.map((view) => view.sets ?? {}))
  return {
    after: {
      kind: 'provider',
      name,
      description: found.description,
      displayName: found.displayName,
      ...kept,
      ...fields,
    },
    presence: 'present',
    notes: views.flatMap(({ note }) => note ?? []),
    kept: views.flatMap(({ note, field }) => (note === undefined || field === undefined ? [] : [field])),
    ...verdictOf(wanted, found, { views, fields }),
  }
}

interface Compared {
  readonly views: readonly FieldView[]
  readonly fields: UpdatedFields
}

function verdictOf({ name }: DesiredProvider, found: FoundProvider, { views, fields }: Compared) {
  const against = [
    ...(found.protocol === 'oidc' ? [] : ['it is no OIDC provider']),
    ...(found.disabled ? ['it is disabled'] : []),
    ...views.flatMap((view) => view.against ?? []),
  ]
  if (against.length > 0) {
    const override = overrideOf(name, found, views)
    const fault = trustRefused(`provider ${name} is there, but ${against.join('; and ')}`, {
      expected: 'a resource as the document requires, or another id',
      hint: `it was left as it is; ${hintOf(override)}`,
    })
    return { verdict: 'refused', changes: [], fault, override } as const
  }
  const says = views.flatMap((view) => view.says ?? []).join(', ')
  const update: readonly GcpChange[] = says === '' ? [] : [{ kind: 'update', name, fields, says }]
  if (found.state === 'DELETED') {
    return { verdict: 'undelete', changes: [{ kind: 'undelete', resource: 'provider', name }, ...update] } as const
  }
  return { verdict: update.length === 0 ? 'ok' : 'update', changes: update } as const
}

/** Enabling comes first: the other fields have no effect before. */
function overrideOf(name: string, found: FoundProvider, views: readonly FieldView[]): Override | undefined {
  if (found.disabled) {
    return { command: `gcloud iam workload-identity-pools providers update-oidc ${shellQuote(name)} --no-disabled` }
  }
  const replace = views.flatMap(({ against, field }) => (against === undefined || field === undefined ? [] : [field]))
  return replace.length === 0 ? undefined : { replace }
}

function hintOf(override: Override | undefined): string {
  if (override === undefined) return 'give the document another id'
  if ('command' in override) return `ask who disabled it, then: ${override.command}`
  const flags = override.replace.map((field) => `--replace ${field}`)
  return `if it is yours to change, say so: ${flags.join(' ')}`
}

function fieldsOf({ issuer, audiences, condition: asked, keys }: DesiredProvider): ProviderFields {
  const condition = asked.kind === 'given' ? asked.expression : subjectCondition(asked.subjects)
  const mapping = { [subjectMapping.key]: subjectMapping.expression }
  return { issuer, audiences, mapping, condition, jwks: keys === undefined ? '' : renderUploadedKeys(keys) }
}

function compareIssuer(wanted: DesiredProvider, found: FoundProvider, replace: readonly Replaceable[]): FieldView {
  if (found.issuer === wanted.issuer) return {}
  if (!replace.includes('issuer'))
    return { field: 'issuer', against: `its issuer is ${found.issuer}, not ${wanted.issuer}` }
  const says = `issuer ${found.issuer} becomes ${wanted.issuer}`
  const description = describeSuccessor(wanted, found)
  return description === undefined
    ? { sets: { issuer: wanted.issuer }, says }
    : { sets: { issuer: wanted.issuer, description }, says: `${says}, description becomes ${description}` }
}

/** Other mappings are left unchanged: grants can depend on them. */
function compareMapping(_: DesiredProvider, { mapping }: FoundProvider, replace: readonly Replaceable[]): FieldView {
  const { key, expression } = subjectMapping
  const there = mapping[key]
  if (there === expression) return {}
  if (!replace.includes('mapping'))
    return { field: 'mapping', against: `it maps ${key} to ${there ?? 'nothing'}, not to ${expression}` }
  return {
    sets: { mapping: { ...mapping, [key]: expression } },
    says: `mapping ${key} from ${there ?? 'nothing'} becomes ${expression}`,
  }
}

function compareCondition(wanted: DesiredProvider, found: FoundProvider, replace: readonly Replaceable[]): FieldView {
  if (wanted.condition.kind === 'subjects') return compareSubjects(wanted.condition.subjects, found, replace)
  const condition = wanted.condition.expression
  if (found.condition === condition) return {}
  if (found.condition === '') return { sets: { condition }, says: `condition ${condition} is added` }
  if (!replace.includes('condition'))
    return { field: 'condition', against: `its condition is ${found.condition}, not ${condition}` }
  return { sets: { condition }, says: `condition ${found.condition} becomes ${condition}` }
}

/** Subjects are added where others are accepted by name; what accepts more than they, others may rely on: it is kept, and named. */
function compareSubjects(
  subjects: readonly string[],
  found: FoundProvider,
  replace: readonly Replaceable[],
): FieldView {
  const condition = subjectCondition(subjects)
  const held = subjectsOf(found.condition)
  const isSame = held?.length === subjects.length && subjects.every((subject) => held.includes(subject))
  if (isSame) return {}
  if (replace.includes('condition')) {
    const before = found.condition === '' ? 'none' : found.condition
    return { sets: { condition }, says: `condition ${before} becomes ${condition}` }
  }
  if (found.condition === '') {
    const accepts = 'it has no condition, and accepts every service account of its issuer'
    return { field: 'condition', note: `${accepts}; --replace condition limits it to ${subjects.join(', ')}` }
  }
  if (held === undefined) return { field: 'condition', note: `its condition stays: ${found.condition}` }
  const missing = subjects.filter((subject) => !held.includes(subject))
  const others = held.filter((subject) => !subjects.includes(subject))
  const all = subjectCondition([...held, ...missing])
  if (all.length > longestCondition)
    return {
      against: `its condition has no room for ${missing.join(', ')}: ${longestCondition} characters are the most`,
    }
  return {
    ...(missing.length > 0 && { sets: { condition: all }, says: `its condition also accepts ${missing.join(', ')}` }),
    ...(others.length > 0 && {
      field: 'condition',
      note: `its condition accepts other subjects, too: ${others.join(', ')}`,
    }),
  }
}

/** An explicit list takes the place of the default, which others may use: it is written out then. */
function compareAudiences({ name, audiences }: DesiredProvider, found: FoundProvider): FieldView {
  const usual = defaultAudiences(name)
  const taken = found.audiences.length > 0 ? found.audiences : usual
  const asked = audiences.length > 0 ? audiences : usual.slice(0, 1)
  const missing = asked.filter((one) => !taken.includes(one))
  if (missing.length === 0) return {}
  const all = [...taken, ...missing]
  if (all.length > mostAudiences)
    return { against: `it has ${taken.length} audiences, and ${mostAudiences} are the most` }
  return { sets: { audiences: all }, says: `audience ${missing.join(', ')} is added` }
}

// The uploaded keys of a provider, desired and found: pure.

/**
 * A key that the cluster does not serve any more may still have tokens: it stays until it is replaced, unless it was revoked.
 */
function compareKeys(
  { keys, servers, isRevoked }: DesiredProvider,
  { jwks }: FoundProvider,
  replace: readonly Replaceable[],
): FieldView {
  if (keys === undefined) return keepUploaded(jwks, replace)
  if (replace.includes('keys')) return servers === 'some' ? { against: someUnasked } : replaceKeys(keys, jwks)
  if (jwks === '') return { sets: { jwks: renderUploadedKeys(keys) }, says: `keys ${kids(keys)} are uploaded` }
  const there = parseJwks(jwks)
  if (there === undefined) return { field: 'keys', against: 'what is uploaded there is no JWKS' }
  const [leaked, kept] = [there.filter((key) => isRevoked?.(key)), there.filter((key) => !isRevoked?.(key))]
  const other = keys.find((key) => kept.some((one) => one.keyId === key.keyId && !sameKey(one, key)))
  if (other !== undefined)
    return { field: 'keys', against: `its key ${other.keyId} is another than the cluster's of that name` }
  return mergeWith(keys, kept, leaked)
}

const someUnasked = 'its keys are not replaced while an API server cannot be asked: those that it alone serves would go'

function keepUploaded(jwks: string, replace: readonly Replaceable[]): FieldView {
  if (jwks === '') return {}
  if (replace.includes('keys')) return { sets: { jwks: '' }, says: 'its uploaded keys go: Google reads the issuer' }
  const stay = kids(parseJwks(jwks) ?? [])
  return { field: 'keys', note: `its uploaded keys stay: ${stay}; Google does not read the issuer` }
}

function mergeWith(keys: readonly IssuerKey[], kept: readonly IssuerKey[], leaked: readonly IssuerKey[]): FieldView {
  const missing = keys.filter((key) => !kept.some(({ keyId }) => keyId === key.keyId))
  const stays = kept.filter((key) => !keys.some(({ keyId }) => keyId === key.keyId))
  const note = stays.length === 0 ? {} : { note: `keys that the cluster does not serve stay: ${kids(stays)}` }
  const says = [
    ...(missing.length === 0 ? [] : [`keys ${kids(missing)} are added`]),
    ...(leaked.length === 0 ? [] : [`revoked keys ${kids(leaked)} go`]),
  ]
  return says.length === 0
    ? note
    : { ...note, sets: { jwks: renderUploadedKeys(mergeKeys(kept, keys)) }, says: says.join(', ') }
}

function replaceKeys(keys: readonly IssuerKey[], jwks: string): FieldView {
  const wanted = renderUploadedKeys(keys)
  return renderUploadedKeys(parseJwks(jwks) ?? []) === wanted
    ? {}
    : { sets: { jwks: wanted }, says: `uploaded keys become ${kids(keys)}` }
}

const kids = (keys: readonly IssuerKey[]) => keys.map(({ keyId }) => keyId ?? 'without a kid').join(', ')

// One field of a provider, desired and found.

/** What is set, with its description; what is kept; or what conflicts. */
interface FieldView {
  /** What `--replace` would name. */
  readonly field?: Replaceable
  readonly sets?: UpdatedFields
  readonly says?: string
  readonly note?: string
  readonly against?: string
}
