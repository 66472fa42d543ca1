import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { compareProvider } from '../../../../src/vendors/gcp/trust/compare-provider.ts'
import { evaluateAccount, evaluatePool } from '../../../../src/vendors/gcp/trust/observe.ts'
import { nasty } from './hostile-findings.ts'

const made = { mark: 'pullpass:0123456789ab', description: '' }
const disabled = { state: 'ACTIVE', disabled: true, description: '' } as const
const provider = { name: nasty, ...made, issuer: 'https://oidc.example.com', audiences: [], condition: undefined }
const foundProvider = {
  protocol: 'oidc',
  issuer: 'https://oidc.example.com',
  audiences: [],
  mapping: { 'google.subject': 'assertion.sub' },
  condition: '',
  jwks: '',
} as const

const findings = {
  pool: evaluatePool({ name: nasty, ...made, clusters: [] }, disabled, { listed: [], sharing: 'refused' }),
  provider: compareProvider(
    { ...provider, condition: { kind: 'given', expression: '' }, keys: undefined },
    { ...disabled, ...foundProvider },
    [],
  ),
  'service account': evaluateAccount({ email: nasty, ...made }, { ...disabled, uniqueId: '' }, undefined),
}

suite('the command that enables a disabled resource', () => {
  for (const [kind, { fault, override }] of Object.entries(findings)) {
    test(`holds the name of a ${kind} as one word, whatever is in it`, () => {
      const command = override !== undefined && 'command' in override ? override.command : assert.fail('no command')
      assert.equal(fault?.command, command)
      const words = spawnSync('sh', ['-c', `gcloud() { printf '%s\\0' "$@"; }; ${command}`], { encoding: 'utf8' })
      assert.ok(
        words.stdout.split('\0').some((word) => word.endsWith(nasty)),
        words.stdout,
      )
    })
  }
})
