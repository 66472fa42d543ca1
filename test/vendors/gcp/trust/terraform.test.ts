import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderTerraform as renderFindings } from '../../../../src/trust/render-plan.ts'
import type { GcpFinding } from '../../../../src/vendors/gcp/trust/finding.ts'
import { evaluateAccount, evaluatePool } from '../../../../src/vendors/gcp/trust/observe.ts'
import { toFinding } from '../../../../src/vendors/gcp/trust/trust.ts'
import { hclText } from '../../../../src/vendors/trust/hcl.ts'
import { anyText } from '../../../support/any-text.ts'
import fc from '../../../support/fast-check.ts'
import { findings, nasty, pool } from './hostile-findings.ts'

const renderTerraform = (all: readonly GcpFinding[]) =>
  renderFindings(all.map((one) => toFinding(one, async () => undefined)))

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

/** HCL's quoted template as its specification reads it; a template within, or a bare line end, is an error. */
function readQuoted(text: string): string {
  assert.match(text, /^"[^\n]*"$/)
  const inner = text.slice(1, -1)
  let value = ''
  for (let at = 0; at < inner.length; at++) {
    const rest = inner.slice(at)
    const [unicode = ''] = /^\\(?:u[0-9a-f]{4}|U[0-9a-f]{8})/.exec(rest) ?? []
    if (/^(?:\$\$|%%)\{/.test(rest)) {
      value += rest.slice(1, 3)
      at += 2
    } else if (/^[$%]\{/.test(rest)) assert.fail(`a template at ${at} of ${text}`)
    else if (unicode !== '') {
      value += String.fromCodePoint(Number.parseInt(unicode.slice(2), 16))
      at += unicode.length - 1
    } else if (inner[at] === '\\') {
      value += escapes[inner[++at] ?? ''] ?? assert.fail(`no escape at ${at} of ${text}`)
    } else {
      assert.notEqual(inner[at], '"', `it ends at ${at} of ${text}`)
      value += inner[at]
    }
  }
  return value
}

/** `NAME = VALUE`, `NAME "TYPE" "LABEL" {`, `NAME = {`, `}`; anything else is not a line of ours. */
const line =
  /^ *(?:[a-z_]+ *= (?:"(?:[^"\\]|\\.)*"|[a-z_]+(?:\.\w+)+|\[[^\]]*\])|"(?:[^"\\]|\\.)*" = "(?:[^"\\]|\\.)*"|[a-z_]+(?: "\w+"){0,2}(?: =)? \{|\})$/

suite('a plan as HCL', () => {
  test('holds each text as it is, and none of it is a template', () => {
    fc.assert(fc.property(anyText(), (text) => assert.equal(readQuoted(hclText(text)), text)))
    for (const text of [nasty, '$${a}', '%%{b}', '$', '${', '\\${', '\u0000\u007f', '\u{1d173}']) {
      assert.equal(readQuoted(hclText(text)), text)
    }
  })

  test('is blocks of attributes and no more, whatever names and conditions hold', () => {
    const lines = renderTerraform(findings).split('\n')
    assert.deepEqual(
      lines.filter((one) => one !== '' && !line.test(one)),
      [],
    )
    const opened = lines.filter((one) => one.endsWith('{')).length
    assert.equal(lines.filter((one) => one.trim() === '}').length, opened)
    const condition = lines.find((one) => one.includes('attribute_condition'))?.replace(/^.*? = /, '')
    assert.equal(readQuoted(condition ?? ''), `assertion.sub == "${nasty}"`)
  })

  test('imports what is there, so that it can be applied as printed', () => {
    const [first, ...rest] = findings
    const text = renderTerraform(first === undefined ? [] : [{ ...first, presence: 'present', changes: [] }, ...rest])
    assert.match(text, /^import \{\n {2}to = google_iam_workload_identity_pool\.pool_[0-9a-f]{6}\n {2}id = "/m)
    assert.ok(text.includes(`  id = "${pool}"\n`))
  })

  test('refers to an account of Google’s own, and does not create it', () => {
    const email = 'example-project@appspot.gserviceaccount.com'
    const account = evaluateAccount(
      { email, mark: 'pullpass:0123456789ab', description: '' },
      { disabled: false, description: '', uniqueId: '1' },
      undefined,
    )
    const on = { kind: 'repository', name: 'projects/example-project/locations/europe/repositories/images' } as const
    const grant = {
      on,
      role: 'roles/artifactregistry.reader',
      member: `serviceAccount:${email}`,
      providers: [],
    } as const
    const reading: GcpFinding = {
      after: { kind: 'grant', grant },
      presence: 'absent',
      verdict: 'grant',
      changes: [{ kind: 'grant', grant }],
      notes: [],
    }
    const text = renderTerraform([account, reading])

    assert.match(text, /^# service account example-project@appspot\.gserviceaccount\.com is managed by Google/m)
    assert.doesNotMatch(text, /google_service_account|project += ""|depends_on/)
    assert.match(text, /^ {2}member += "serviceAccount:example-project@appspot\.gserviceaccount\.com"$/m)
  })

  test('keeps the display name of an existing resource', () => {
    const found = { state: 'ACTIVE', disabled: false, description: 'of a team', displayName: "team's" } as const
    const made = { mark: 'pullpass:0123456789ab', description: 'pullpass:0123456789ab' }
    const account = { email: 'puller@example-project.iam.gserviceaccount.com', ...made }
    const text = renderTerraform([
      evaluatePool({ name: pool, ...made, clusters: [] }, found, { listed: [], sharing: 'refused' }),
      evaluateAccount(account, { ...found, uniqueId: '1' }, undefined),
      evaluateAccount(account, { disabled: false, description: '', uniqueId: '2' }, undefined),
      evaluateAccount(account, undefined, undefined),
    ])
    const names = [...text.matchAll(/^ {2}display_name += (".*")$/gm)].map(([, name = '']) => readQuoted(name))
    assert.deepEqual(names, ["team's", "team's", '', 'pullpass'])
  })

  test('states how to restore deleted resources first', () => {
    const [first] = findings
    const undelete = [{ kind: 'undelete', resource: 'pool', name: pool }] as const
    const text = renderTerraform(first === undefined ? [] : [{ ...first, presence: 'present', changes: undelete }])
    assert.match(
      text,
      /^# Terraform does not undelete; run first: gcloud iam workload-identity-pools undelete projects\/123456789012\/locations\/global\/workloadIdentityPools\/pool$/m,
    )
  })
})
