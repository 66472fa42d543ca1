/**
 * Compares a provider with the desired one. Pure. Existing values may be used by others: missing entries are added, and fields that
 * differ are kept unless `replace` names them.
 */
import { parseJwks } from '../../../oidc/keys.ts'
import { compareStoredKeys, kidsOf } from '../../../oidc/stored-keys.ts'
import { shellQuote } from '../../../text/shell.ts'
import { type Override, type Replaceable, trustRefused } from '../../trust/contract.ts'
import { renderUploadedKeys } from '../stores/gcp-provider.ts'
import { type DesiredProvider, defaultAudiences, describeSuccessor, subjectMapping } from './desired-state.ts'
import type { GcpChange, GcpFinding, ProviderFields, UpdatedFields } from './finding.ts'
import type { FoundProvider } from './observed-state.ts'
import { longestCondition, subjectCondition, subjectsOf } from './subject-condition.ts'

const mostAudiences = 10

export function compareProvider(
  desired: DesiredProvider,
  found: FoundProvider | undefined,
  replace: readonly Replaceable[],
): GcpFinding {
  const { name, description } = desired
  if (found === undefined) {
    const after = { kind: 'provider', name, description, ...fieldsOf(desired) } as const
    return { after, presence: 'absent', verdict: 'create', changes: [{ kind: 'create', resource: after }], notes: [] }
  }
  const views = [
    compareIssuer(desired, found, replace),
    compareMapping(desired, found, replace),
    compareAudiences(desired, found),
    compareKeys(desired, found, replace),
    compareCondition(desired, found, replace),
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
    ...verdictOf(desired, found, { views, fields }),
  }
}

interface Compared {
  readonly views: readonly FieldView[]
  readonly fields: UpdatedFields
}

function verdictOf({ name }: DesiredProvider, found: FoundProvider, { views, fields }: Compared) {
  const against = [
    ...(found.protocol === 'oidc' ? [] : ['it is not an OIDC provider']),
    ...(found.disabled ? ['it is disabled'] : []),
    ...views.flatMap((view) => view.against ?? []),
  ]
  if (against.length > 0) {
    const override = overrideOf(name, found, views)
    const fault = trustRefused(`provider ${name} exists, but ${against.join('; and ')}`, {
      expected: 'a resource as the document requires, or another id',
      hint: `it was not changed; ${hintOf(override)}`,
      ...(override !== undefined && 'command' in override && { command: override.command }),
    })
    return { verdict: 'refused', changes: [], fault, override } as const
  }
  const summary = views.flatMap((view) => view.summary ?? []).join(', ')
  const update: readonly GcpChange[] = summary === '' ? [] : [{ kind: 'update', name, fields, summary }]
  if (found.state === 'DELETED') {
    return { verdict: 'undelete', changes: [{ kind: 'undelete', resource: 'provider', name }, ...update] } as const
  }
  return { verdict: update.length === 0 ? 'ok' : 'update', changes: update } as const
}

/** Enabling it comes first: until then the other fields have no effect. */
function overrideOf(name: string, found: FoundProvider, views: readonly FieldView[]): Override | undefined {
  if (found.disabled) {
    return { command: `gcloud iam workload-identity-pools providers update-oidc ${shellQuote(name)} --no-disabled` }
  }
  const replace = views.flatMap(({ against, field }) => (against === undefined || field === undefined ? [] : [field]))
  return replace.length === 0 ? undefined : { replace }
}

function hintOf(override: Override | undefined): string {
  if (override === undefined) return 'use another ID in the document'
  if ('command' in override) return 'check why it was disabled, then enable it'
  const flags = override.replace.map((field) => `--replace ${field}`)
  return `to replace it: ${flags.join(' ')}`
}

function fieldsOf({ issuer, audiences, condition: desired, keys }: DesiredProvider): ProviderFields {
  const condition = desired.kind === 'given' ? desired.expression : subjectCondition(desired.subjects)
  const mapping = { [subjectMapping.key]: subjectMapping.expression }
  return { issuer, audiences, mapping, condition, jwks: keys === undefined ? '' : renderUploadedKeys(keys) }
}

function compareIssuer(desired: DesiredProvider, found: FoundProvider, replace: readonly Replaceable[]): FieldView {
  if (found.issuer === desired.issuer) return {}
  if (!replace.includes('issuer'))
    return { field: 'issuer', against: `its issuer is ${found.issuer}, not ${desired.issuer}` }
  const summary = `issuer ${found.issuer} becomes ${desired.issuer}`
  const description = describeSuccessor(desired, found)
  return description === undefined
    ? { sets: { issuer: desired.issuer }, summary }
    : { sets: { issuer: desired.issuer, description }, summary: `${summary}, description becomes ${description}` }
}

/** Other mappings are left unchanged: grants can depend on them. */
function compareMapping(_: DesiredProvider, { mapping }: FoundProvider, replace: readonly Replaceable[]): FieldView {
  const { key, expression } = subjectMapping
  const present = mapping[key]
  if (present === expression) return {}
  if (!replace.includes('mapping'))
    return { field: 'mapping', against: `it maps ${key} to ${present ?? 'nothing'}, not to ${expression}` }
  return {
    sets: { mapping: { ...mapping, [key]: expression } },
    summary: `mapping ${key} from ${present ?? 'nothing'} becomes ${expression}`,
  }
}

function compareCondition(desired: DesiredProvider, found: FoundProvider, replace: readonly Replaceable[]): FieldView {
  if (desired.condition.kind === 'subjects') return compareSubjects(desired.condition.subjects, found, replace)
  const condition = desired.condition.expression
  if (found.condition === condition) return {}
  if (found.condition === '') return { sets: { condition }, summary: `condition ${condition} is added` }
  if (!replace.includes('condition'))
    return { field: 'condition', against: `its condition is ${found.condition}, not ${condition}` }
  return { sets: { condition }, summary: `condition ${found.condition} becomes ${condition}` }
}

/** Subjects are added to a list of subjects. Any other condition is kept and reported, since others may depend on it. */
function compareSubjects(
  subjects: readonly string[],
  found: FoundProvider,
  replace: readonly Replaceable[],
): FieldView {
  const condition = subjectCondition(subjects)
  const accepted = subjectsOf(found.condition)
  const isSame = accepted?.length === subjects.length && subjects.every((subject) => accepted.includes(subject))
  if (isSame) return {}
  if (replace.includes('condition') || (accepted !== undefined && replace.includes('subjects'))) {
    const before = found.condition === '' ? 'none' : found.condition
    return { sets: { condition }, summary: `condition ${before} becomes ${condition}` }
  }
  if (found.condition === '') {
    const accepts = 'it has no condition, and accepts every service account of its issuer'
    return {
      field: 'condition',
      note: `${accepts}; --replace condition limits it to ${subjects.join(', ')}, and Google then refuses every other account that uses this provider`,
    }
  }
  if (accepted === undefined) return { field: 'condition', note: `its condition stays: ${found.condition}` }
  const missing = subjects.filter((subject) => !accepted.includes(subject))
  const others = accepted.filter((subject) => !subjects.includes(subject))
  const all = subjectCondition([...accepted, ...missing])
  if (all.length > longestCondition)
    return {
      against: `its condition cannot be extended by ${missing.join(', ')}: the limit is ${longestCondition} characters`,
    }
  return {
    ...(missing.length > 0 && {
      sets: { condition: all },
      summary: `its condition also accepts ${missing.join(', ')}`,
    }),
    ...(others.length > 0 && {
      field: 'subjects',
      note: `its condition also accepts other subjects: ${others.join(', ')}; if none is in use, remove them: --replace subjects`,
    }),
  }
}

/** An explicit list replaces the default, which others may use: the default is then added to the list. */
function compareAudiences({ name, audiences }: DesiredProvider, found: FoundProvider): FieldView {
  const usual = defaultAudiences(name)
  const taken = found.audiences.length > 0 ? found.audiences : usual
  const required = audiences.length > 0 ? audiences : usual.slice(0, 1)
  const missing = required.filter((one) => !taken.includes(one))
  if (missing.length === 0) return {}
  const all = [...taken, ...missing]
  if (all.length > mostAudiences)
    return { against: `it has ${taken.length} audiences, and the limit is ${mostAudiences}` }
  return { sets: { audiences: all }, summary: `audience ${missing.join(', ')} is added` }
}

function compareKeys(
  { keys, servers, isRevoked }: DesiredProvider,
  { jwks }: FoundProvider,
  replace: readonly Replaceable[],
): FieldView {
  if (keys === undefined) return keepUploaded(jwks, replace)
  const mode = replace.includes('keys') ? 'replace' : 'add'
  const present = jwks === '' ? [] : parseJwks(jwks)
  if (present === undefined && mode === 'add') return { field: 'keys', against: 'its uploaded keys are not a JWKS' }
  const cluster = { keys, ...(servers && { servers }), ...(isRevoked && { isRevoked }) }
  const { update, note, against } = compareStoredKeys(cluster, present ?? [], mode)
  return {
    ...(mode === 'add' && against !== undefined && { field: 'keys' }),
    ...(against !== undefined && { against }),
    ...(note !== undefined && { note }),
    ...(update !== undefined && { sets: { jwks: renderUploadedKeys(update.keys) }, summary: update.summary }),
  }
}

function keepUploaded(jwks: string, replace: readonly Replaceable[]): FieldView {
  if (jwks === '') return {}
  if (replace.includes('keys'))
    return { sets: { jwks: '' }, summary: 'its uploaded keys are removed: Google reads the issuer' }
  const stay = kidsOf(parseJwks(jwks) ?? [])
  return { field: 'keys', note: `its uploaded keys stay: ${stay}; Google does not read the issuer` }
}

/** The comparison of one field: a new value with its description, a note if it is kept, or a conflict. */
interface FieldView {
  /** The name for `--replace`. */
  readonly field?: Replaceable
  readonly sets?: UpdatedFields
  readonly summary?: string
  readonly note?: string
  readonly against?: string
}
