/** Trust at Azure for one kind of identity: an application by Microsoft Graph, a managed identity by Azure Resource Manager. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { roles } from '../../../sandbox/azure/role-assignments.ts'
import { subject } from './azure-registry.ts'
import { start, type TrustWorld } from './start-trust.ts'

type Identity = NonNullable<TrustWorld['identity']>

const apply = ['trust', 'apply', '--yes']
const titleOf = (identity: Identity) => (identity === 'application' ? 'an application' : 'a managed identity')

/** What its requests and its printed commands are. */
export function testRequests(identity: Identity): void {
  suite(`trust with ${titleOf(identity)}`, () => {
    test('plans, applies, verifies, and then has nothing to do', async (t) => {
      const { sandbox, azure, puller, run, credential, assigned } = await start(t, { identity })
      const plan = await run(['trust', 'plan'])
      assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
      assert.match(
        plan.stdout,
        /^would-create +federated credential +.*federatedIdentityCredentials\/pullpass-[0-9a-f]{12}-/m,
      )
      assert.match(plan.stdout, /^would-grant +role +pull from .*registries\/example as /m)
      assert.deepEqual([credential(), assigned()], [[], []])

      const applied = await run(apply)
      assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
      assert.match(applied.stdout, /^ok +acr +ClusterPullSecret\/pull /m)
      const { issuer } = sandbox.cluster
      assert.deepEqual(
        credential().map((one) => [one.issuer, one.subject, one.audiences]),
        [[issuer, subject, ['api://AzureADTokenExchange']]],
      )
      assert.deepEqual(
        assigned().map(({ scope, principalId, role, condition }) => [scope, principalId, role, condition]),
        [[azure.registryId, puller.principalId, roles.acrPull, undefined]],
      )
      assert.match(assigned()[0]?.description ?? '', /^pullpass:[0-9a-f]{12} pulls images for the cluster of https:/)

      const again = await run(['trust', 'plan'])
      assert.doesNotMatch(again.stdout, /^would-/m)
    })

    test('prints the changes as commands of az and as Terraform', async (t) => {
      const { sandbox, run, puller } = await start(t, { identity })
      const script = await run(['trust', 'plan', '-o', 'az'])
      assert.equal(script.exitCode, 0, script.stderr)
      const isApplication = identity === 'application'
      assert.match(
        script.stdout,
        isApplication
          ? /^retry az ad app federated-credential create --id 66666666-7777-4888-9999-aaaaaaaaaaaa --parameters '\{"name":"pullpass-/m
          : /^retry az identity federated-credential create --name pullpass-.+ --identity-name pullpass --resource-group images --subscription 99999999-8888-4777-8666-555555555555 --issuer /m,
      )
      assert.match(
        script.stdout,
        new RegExp(
          `^retry az role assignment create --name [0-9a-f-]{36} --role ${roles.acrPull} --assignee-object-id ${puller.principalId} --assignee-principal-type ServicePrincipal --scope `,
          'm',
        ),
      )
      const terraform = await run(['trust', 'plan', '-o', 'terraform'])
      assert.match(
        terraform.stdout,
        isApplication
          ? /^resource "azuread_application_federated_identity_credential" "pullpass_[0-9a-f]{8}" \{\n {2}application_id = data\.azuread_application\./m
          : /^resource "azurerm_federated_identity_credential" "pullpass_[0-9a-f]{8}" \{/m,
      )
      assert.match(terraform.stdout, /^provider "azurerm" \{\n {2}features \{\}\n\}/m)
      assert.ok(
        terraform.stdout.includes(`issuer         = "${sandbox.cluster.issuer}"`) ||
          terraform.stdout.includes(`"${sandbox.cluster.issuer}"`),
      )
      assert.doesNotMatch(terraform.stdout, /^import/m)
      await run(apply)
      const existing = await run(['trust', 'plan', '-o', 'terraform'])
      assert.equal(existing.stdout.match(/^import \{/gm)?.length, 2)
    })
  })
}

/** What happens after one of the requests, whichever it is. */
export function testCourse(identity: Identity): void {
  suite(`trust with ${titleOf(identity)}, over several steps and runs`, () => {
    test('destroys what it created, and leaves the identity', async (t) => {
      const { azure, puller, run, credential, assigned } = await start(t, { identity })
      await run(apply)
      const destroyed = await run(['trust', 'destroy', '--yes'])
      assert.equal(destroyed.exitCode, 0, destroyed.stderr)
      assert.deepEqual([credential(), assigned()], [[], []])
      assert.notEqual(azure.directory.findByClientId(puller.clientId), undefined)
      assert.match(destroyed.stdout, /pullpass did not create it/)
    })

    test('continues where a run stopped between two steps', async (t) => {
      const { azure, run, credential, assigned } = await start(t, { identity })
      const interrupted = new AbortController()
      const part = azure.parts.resourceManager
      part.faults.inject(
        { kind: 'stall', at: 'request' },
        { when: ({ method, path }) => method === 'PUT' && path.includes('roleAssignments') },
      )
      const ended = run(apply, { signal: interrupted.signal })
      const isSent = part.whenSeen(({ method, path }) => method === 'PUT' && path.includes('roleAssignments'))
      await Promise.race([isSent, ended])
      interrupted.abort(new Error('interrupted'))
      assert.notEqual((await ended).exitCode, 0)
      assert.deepEqual([credential().length, assigned().length], [1, 0])
      part.faults.clear()
      const second = await run(apply)
      assert.equal(second.exitCode, 0, second.stderr + second.stdout)
      assert.deepEqual([credential().length, assigned().length], [1, 1])
    })

    test('a write whose response was lost is not made twice', async (t) => {
      const { azure, run, credential, assigned } = await start(t, { identity })
      for (const part of [azure.parts.resourceManager, azure.parts.graph]) {
        part.faults.inject(
          { kind: 'reset', at: 'response' },
          { when: ({ method }) => method === 'PUT' || method === 'POST', times: 1 },
        )
      }
      const applied = await run(apply)
      assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
      assert.deepEqual([credential().length, assigned().length], [1, 1])
    })

    test('waits until credential and role take effect everywhere', async (t) => {
      const { sandbox, azure, run } = await start(t, { identity })
      azure.times.delay(90)
      const sleep = async (ms: number, signal: AbortSignal) => {
        signal.throwIfAborted()
        if (ms >= 60_000) return await new Promise<void>(() => undefined) // the timeout of the run
        sandbox.clock.advance(`${Math.ceil(ms / 1000)} s`)
      }
      const applied = await run(apply, { sleep })
      assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
      assert.match(applied.stdout, /^ok +acr /m)
    })
  })
}
