import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { IssuerKey } from '../../../../src/oidc/keys.ts'
import { renderUploadedKeys } from '../../../../src/vendors/gcp/stores/gcp-provider.ts'
import { compareProvider } from '../../../../src/vendors/gcp/trust/compare-provider.ts'
import type { DesiredProvider } from '../../../../src/vendors/gcp/trust/desired-state.ts'
import type { GcpFinding } from '../../../../src/vendors/gcp/trust/finding.ts'
import type { FoundProvider } from '../../../../src/vendors/gcp/trust/observed-state.ts'
import type { Replaceable } from '../../../../src/vendors/trust/contract.ts'

const name = 'projects/1/locations/global/workloadIdentityPools/pool/providers/cluster'
const subject = 'system:serviceaccount:image-system:pullpass'
const publisher = 'system:serviceaccount:pullpass-system:pullpass-issuer'
const given = (expression: string) => ({ condition: { kind: 'given', expression } }) as const
const only = (...subjects: string[]) => ({ condition: { kind: 'subjects', subjects } }) as const
const desired: DesiredProvider = {
  name,
  mark: 'pullpass:0123456789ab',
  description: 'pullpass:0123456789ab',
  issuer: 'https://oidc.example.com',
  audiences: [],
  ...only(subject),
  keys: undefined,
}
const found: FoundProvider = {
  state: 'ACTIVE',
  disabled: false,
  description: '',
  protocol: 'oidc',
  issuer: 'https://oidc.example.com',
  audiences: [],
  mapping: { 'google.subject': 'assertion.sub' },
  condition: `assertion.sub in ['${subject}']`,
  jwks: '',
}

const keyOf = (keyId: string, n = keyId): IssuerKey => ({
  keyId,
  type: 'RSA',
  bits: 2048,
  curve: undefined,
  algorithm: 'RS256',
  members: { kty: 'RSA', kid: keyId, n, e: 'AQAB' },
  otherMembers: [],
})

const compare = (
  changes: Partial<DesiredProvider>,
  there: Partial<FoundProvider>,
  replace: readonly Replaceable[] = [],
): GcpFinding => compareProvider({ ...desired, ...changes }, { ...found, ...there }, replace)

const changesOf = ({ changes }: GcpFinding) =>
  changes.map((change) => (change.kind === 'update' ? change.summary : change.kind))

suite('a provider that is there', () => {
  test('as desired needs no change; further attributes are kept', () => {
    const mapping = { ...found.mapping, 'attribute.namespace': "assertion['kubernetes.io']['namespace']" }
    assert.deepEqual([compare({}, { mapping }).verdict, compare({}, { mapping }).notes], ['ok', []])
  })

  const kept: Record<string, [Partial<DesiredProvider>, Partial<FoundProvider>, Replaceable, RegExp]> = {
    'another issuer': [{}, { issuer: 'https://other.example.com' }, 'issuer', /its issuer is https:\/\/other/],
    'another subject': [
      {},
      { mapping: { 'google.subject': 'assertion.email' } },
      'mapping',
      /maps google\.subject to assertion\.email/,
    ],
    'another condition': [given('true'), { condition: 'false' }, 'condition', /its condition is false, not true/],
    'another key of one kid': [
      { keys: [keyOf('a')] },
      { jwks: renderUploadedKeys([keyOf('a', 'other')]) },
      'keys',
      /its key a differs from/,
    ],
  }
  for (const [title, [changes, there, field, reason]] of Object.entries(kept)) {
    test(`with ${title} is refused, and changed only with --replace ${field}`, () => {
      const refused = compare(changes, there)
      assert.deepEqual([refused.verdict, refused.changes], ['refused', []])
      assert.match(refused.fault?.seen ?? '', reason)
      assert.equal(compare(changes, there, [field]).verdict, 'update')
      const others = (['issuer', 'mapping', 'condition', 'keys'] as const).filter((one) => one !== field)
      assert.equal(compare(changes, there, others).verdict, 'refused')
    })
  }

  test('loses subjects that no document names by --replace subjects, which changes no other condition', () => {
    const subjects = { condition: { kind: 'subjects', subjects: ['system:serviceaccount:a:b'] } } as const
    const both = "assertion.sub in ['system:serviceaccount:a:b', 'system:serviceaccount:c:d']"
    const reported = compare(subjects, { condition: both })
    assert.deepEqual([reported.changes, reported.kept], [[], ['subjects']])
    assert.deepEqual(changesOf(compare(subjects, { condition: both }, ['subjects'])), [
      `condition ${both} becomes assertion.sub in ['system:serviceaccount:a:b']`,
    ])
    assert.deepEqual(compare(subjects, { condition: 'true' }, ['subjects']).changes, [])
  })

  test('of another protocol, or disabled, is refused whatever may be replaced', () => {
    const all = ['issuer', 'mapping', 'condition', 'keys'] as const
    assert.equal(compare({}, { protocol: 'other' }, all).verdict, 'refused')
    assert.equal(compare({}, { disabled: true }, all).verdict, 'refused')
  })

  test('gets a condition where it has none', () => {
    assert.deepEqual(changesOf(compare(given('true'), { condition: '' })), ['condition true is added'])
  })

  test('keeps its default audiences, written out, with one that is added', () => {
    const [change] = compare({ audiences: ['images'] }, {}).changes
    assert.deepEqual(change?.kind === 'update' && change.fields, {
      audiences: [`//iam.googleapis.com/${name}`, `https://iam.googleapis.com/${name}`, 'images'],
    })
  })

  test('with ten audiences takes no other', () => {
    const audiences = Array.from({ length: 10 }, (_, index) => `audience-${index}`)
    assert.equal(compare({ audiences: ['images'] }, { audiences }).verdict, 'refused')
  })

  test('gets keys that it lacks, and keeps those that the cluster serves no more', () => {
    const finding = compare({ keys: [keyOf('b')] }, { jwks: renderUploadedKeys([keyOf('a')]) })
    assert.deepEqual(changesOf(finding), ['keys b are added'])
    assert.deepEqual(finding.notes, ['keys that the cluster does not serve stay: a'])
    assert.deepEqual(changesOf(compare({ keys: [keyOf('b')] }, { jwks: renderUploadedKeys([keyOf('a')]) }, ['keys'])), [
      'uploaded keys become b',
    ])
  })

  test('loses a key that was revoked, and no other', () => {
    const isRevoked = ({ keyId }: IssuerKey) => keyId === 'leaked'
    const finding = compare(
      { keys: [keyOf('b')], isRevoked },
      { jwks: renderUploadedKeys([keyOf('leaked'), keyOf('a')]) },
    )
    assert.deepEqual(changesOf(finding), ['keys b are added, revoked keys leaked are removed'])
    const [change] = finding.changes
    assert.deepEqual(change?.kind === 'update' && change.fields, { jwks: renderUploadedKeys([keyOf('a'), keyOf('b')]) })
  })

  test('keeps its keys, whatever may be replaced, while an API server is unreachable', () => {
    const { verdict, changes, fault } = compare(
      { keys: [keyOf('b')], servers: 'some' },
      { jwks: renderUploadedKeys([keyOf('a')]) },
      ['keys'],
    )
    assert.deepEqual([verdict, changes], ['refused', []])
    assert.match(fault?.seen ?? '', /its keys are not replaced while an API server is unreachable/)
  })

  test('deleted comes back first, and is updated then', () => {
    assert.deepEqual(changesOf(compare(given('true'), { state: 'DELETED', condition: '' })), [
      'undelete',
      'condition true is added',
    ])
  })
})

suite('a provider whose document has no condition', () => {
  test('is created for exactly the subjects in use', () => {
    const finding = compareProvider({ ...desired, ...only(subject, publisher) }, undefined, [])
    assert.equal(
      finding.after.kind === 'provider' && finding.after.condition,
      `assertion.sub in ['${subject}', '${publisher}']`,
    )
  })

  test('gets a further subject in addition to those that it accepts, and none is removed without --replace', () => {
    const there = { condition: `assertion.sub in ['${publisher}']` }
    const finding = compare({}, there)
    const [change] = finding.changes
    assert.deepEqual(change?.kind === 'update' && change.fields, {
      condition: `assertion.sub in ['${publisher}', '${subject}']`,
    })
    assert.deepEqual(changesOf(finding), [`its condition also accepts ${subject}`])
    assert.deepEqual(finding.notes, [
      `its condition also accepts other subjects: ${publisher}; if none is in use, remove them: --replace subjects`,
    ])
    const [replaced] = compare({}, there, ['condition']).changes
    assert.deepEqual(replaced?.kind === 'update' && replaced.fields, { condition: `assertion.sub in ['${subject}']` })
  })

  test('recognizes the same subjects in another order and form', () => {
    assert.equal(compare({}, { condition: `assertion.sub == "${subject}"` }).verdict, 'ok')
    const both = { condition: `assertion.sub in ["${publisher}","${subject}"]` }
    assert.deepEqual(changesOf(compare(only(subject, publisher), both)), [])
  })

  test('is not narrowed unasked where it accepts every service account, and that is named', () => {
    const finding = compare({}, { condition: '' })
    assert.deepEqual([finding.verdict, finding.kept], ['ok', ['condition']])
    assert.match(
      finding.notes[0] ?? '',
      /^it has no condition, and accepts every .*; --replace condition limits it to .*, and Google then refuses every other account that uses this provider$/,
    )
    assert.deepEqual(changesOf(compare({}, { condition: '' }, ['condition'])), [
      `condition none becomes assertion.sub in ['${subject}']`,
    ])
  })

  test('keeps a condition of another form, which is named', () => {
    const condition = "assertion.sub.startsWith('system:serviceaccount:image-system:')"
    assert.deepEqual(compare({}, { condition }).notes, [`its condition stays: ${condition}`])
  })

  test('is refused if the list of subjects is too long', () => {
    const many = Array.from({ length: 60 }, (_, index) => `system:serviceaccount:team-${index}:${'x'.repeat(60)}`)
    const condition = `assertion.sub in [${many
      .slice(0, 40)
      .map((one) => `'${one}'`)
      .join(', ')}]`
    const { verdict, fault } = compare(only(...many.slice(40, 50)), { condition })
    assert.equal(verdict, 'refused')
    assert.match(fault?.seen ?? '', /its condition cannot be extended by system:serviceaccount:team-40:/)
  })
})
