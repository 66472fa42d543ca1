import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainText } from '../../../src/text/plain-text.ts'
import { renderCommands, renderTerraform } from '../../../src/trust/render-plan.ts'
import type { Change, TrustFinding } from '../../../src/vendors/trust/contract.ts'
import { start } from './start-trust.ts'

const hostile = {
  'a line of Terraform': 'a\nresource "terraform_data" "x" {}',
  'a control character': 'a\u0007',
  'a character that changes the direction of text': 'a\u202Eb',
  'a step to another folder': '../other',
  'no text': '',
}

for (const identity of ['application', 'managed identity'] as const) {
  test(`a federated credential of ${identity === 'application' ? 'an' : 'a'} ${identity} is not used if it is named by`, async (t) => {
    const { sandbox, run, puller, credential } = await start(t, { identity })
    const subject = 'system:serviceaccount:image-system:former'
    for (const [name, text] of Object.entries(hostile)) {
      await t.test(name, async () => {
        for (const own of identity === 'application' ? [{ id: text }, { name: text }] : [{ name: text }]) {
          puller.credentials.set('former', {
            id: 'former',
            name: 'former',
            issuer: sandbox.cluster.issuer,
            subject,
            audiences: ['api://AzureADTokenExchange'],
            effectiveAt: new Date(0),
            ...own,
          })
          for (const format of ['terraform', 'az', 'json']) {
            const plan = await run(['trust', 'plan', '--replace', 'subjects', '-o', format])
            assert.equal(plan.exitCode, 1)
            assert.match(plan.stderr, /a federated credential with an? (?:id|name) of another form than/)
            assert.doesNotMatch(plan.stdout, /terraform_data/)
            assert.equal(plainText(plan.stdout), plan.stdout)
          }
          const applied = await run(['trust', 'apply', '--yes', '--no-verify', '--replace', 'subjects'])
          assert.equal(applied.exitCode, 1)
          assert.equal(credential().length, 1)
        }
      })
    }
  })
}

test('a command with external text is one comment in Terraform, and is printed without control characters', () => {
  const command = 'az x delete --id \'a\nresource "terraform_data" "x" {}\u0007\u202E\''
  const change: Change = {
    action: 'delete',
    fields: ['subjects'],
    description: 'delete it',
    command,
    script: { functions: [], line: command },
    byTerraform: 'not applied',
    apply: async () => undefined,
  }
  const finding: TrustFinding = {
    vendor: 'azure',
    kind: 'federated credential',
    name: 'former',
    presence: 'present',
    verdict: 'update',
    changes: [change],
    notes: [],
    kept: [],
    hcl: {
      requires: { name: 'azuread', source: 'hashicorp/azuread', version: '>= 3.0' },
      block: '',
      importBlock: undefined,
    },
  }
  const terraform = renderTerraform([finding])
  assert.match(terraform, /^# Terraform does not delete what is not in its state; run: az x delete --id 'a$/m)
  assert.match(terraform, /^# resource "terraform_data" "x" \{\}/m)
  for (const text of [terraform, renderCommands([finding])]) assert.equal(plainText(text), text)
})
