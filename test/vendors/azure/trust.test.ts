import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { OperatorAction } from '../../../sandbox/azure/operators.ts'
import { roles } from '../../../sandbox/azure/role-assignments.ts'
import { subject } from './azure-registry.ts'
import { testCourse, testRequests } from './identity-trust.ts'
import { managedId, start, type TrustWorld } from './start-trust.ts'

const apply = ['trust', 'apply', '--yes']
const abac = 'AbacRepositoryPermissions'

testRequests('application')
testRequests('managed identity')
testCourse('application') // of a managed identity: identities.matrix.test.ts

suite('trust in a registry with repository permissions', () => {
  test('assigns the reader role for the repositories of the document only', async (t) => {
    const { azure, run, assigned } = await start(t, { more: 'repositories: [team/app, team/tools]' })
    azure.registries.set(azure.loginServer, {
      id: azure.registryId,
      loginServer: azure.loginServer,
      roleAssignmentMode: abac,
    })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual(
      assigned().map(({ role, condition }) => [role, condition]),
      [
        [
          roles.repositoryReader,
          "((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase 'team/app' OR @Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase 'team/tools'))",
        ],
      ],
    )
    const [only] = assigned()
    const isReadable = (name: string) =>
      azure.roleAssignments.mayPull(
        only?.principalId ?? '',
        { id: azure.registryId, loginServer: azure.loginServer, roleAssignmentMode: abac },
        name,
      )
    assert.deepEqual([isReadable('team/app'), isReadable('team/other')], [true, false])
  })

  test('adds a repository to its own condition, and replaces that of another owner only if that is requested', async (t) => {
    const { azure, run, assigned } = await start(t, { more: 'repositories: [team/app]' })
    const registry = { id: azure.registryId, loginServer: azure.loginServer, roleAssignmentMode: abac } as const
    azure.registries.set(azure.loginServer, registry)
    await run(apply)
    const [own] = assigned()
    assert.ok(own?.condition !== undefined)
    const edited = { ...own, condition: own.condition.replace('team/app', 'team/former') }
    azure.roleAssignments.put(edited)
    const added = await run(apply)
    assert.equal(added.exitCode, 0, added.stderr + added.stdout)
    assert.match(assigned()[0]?.condition ?? '', /'team\/app' OR .*'team\/former'/)

    azure.roleAssignments.put({ ...edited, description: 'of the platform team' })
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stdout + refused.stderr, /TRUST_REFUSED.*has a condition that does not admit all repositories/)
    const replaced = await run([...apply, '--replace', 'condition'])
    assert.equal(replaced.exitCode, 0, replaced.stderr + replaced.stdout)
    assert.doesNotMatch(assigned()[0]?.condition ?? '', /former/)
  })

  test('refuses repositories in a registry that has no permissions for them', async (t) => {
    const { run, credential, assigned } = await start(t, { more: 'repositories: [team/app]' })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 1)
    assert.match(applied.stdout + applied.stderr, /TRUST_REFUSED.*does not support repository permissions/)
    assert.deepEqual([credential().length, assigned().length], [1, 0])
  })
})

test('trust refuses ids of clusters, which Azure does not have', async (t) => {
  const { run } = await start(t)
  for (const flag of ['--trust-domain-id', '--issuer-id']) {
    const { exitCode, stderr } = await run(['trust', 'plan', '--context', 'sandbox', flag, 'sandbox=cluster'])
    assert.equal(exitCode, 2)
    const seen = `${flag} has no effect: no vendor of the documents has such an id`
    assert.ok(stderr.startsWith(`USAGE_INVALID (run): ${seen}\n`), stderr)
  }
})

suite('trust grants nothing if it finds', () => {
  test('an identity that does not exist', async (t) => {
    const { azure, run, assigned, puller } = await start(t)
    azure.directory.remove(puller.clientId)
    const plan = await run(['trust', 'plan'])
    assert.equal(plan.exitCode, 1)
    assert.match(plan.stdout, /^refused +application/m)
    assert.match(plan.stdout, /^blocked +federated credential/m)
    assert.match(plan.stdout, /^blocked +role/m)
    const create = 'az ad sp create --id "$(az ad app create --display-name pullpass --query appId --output tsv)"'
    assert.ok(plan.stderr.includes(`: ${create}\n`), plan.stderr)
    assert.equal((await run(apply)).exitCode, 1)
    assert.deepEqual(assigned(), [])
  })

  test('a managed identity with another client id than the document’s', async (t) => {
    const { azure, run, assigned } = await start(t, { identity: 'managed identity' })
    const found = azure.directory.findByResourceId(managedId)
    assert.ok(found !== undefined)
    azure.directory.remove(found.clientId)
    azure.directory.addManagedIdentity(managedId)
    const applied = await run(apply)
    assert.equal(applied.exitCode, 1)
    assert.match(applied.stdout + applied.stderr, /TRUST_REFUSED.*managed identity .*pullpass has the client id/)
    assert.deepEqual(assigned(), [])
  })

  test('a credential for another audience, unless it is to be replaced', async (t) => {
    const { run, credential, puller, assigned } = await start(t)
    await run(apply)
    const [own] = credential()
    assert.ok(own !== undefined)
    puller.credentials.set(own.name, { ...own, audiences: ['api://other'] })
    const refused = await run(['trust', 'plan'])
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stdout + refused.stderr, /TRUST_REFUSED.*accepts the audience api:\/\/other/)
    const replaced = await run([...apply, '--replace', 'audience'])
    assert.equal(replaced.exitCode, 0, replaced.stderr + replaced.stdout)
    assert.deepEqual(credential()[0]?.audiences, ['api://AzureADTokenExchange'])
    assert.equal(assigned().length, 1)
  })

  test('a registry of another login server', async (t) => {
    const { azure, run, assigned } = await start(t)
    azure.registries.set(azure.loginServer, {
      id: azure.registryId,
      loginServer: 'example-a1b2.azurecr.io',
      roleAssignmentMode: 'LegacyRegistryPermissions',
    })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 1)
    assert.match(applied.stdout + applied.stderr, /TRUST_REFUSED.*has the login server example-a1b2\.azurecr\.io/)
    assert.deepEqual(assigned(), [])
  })

  test('an identity with twenty credentials', async (t) => {
    const { run, puller, assigned } = await start(t)
    for (let index = 0; index < 20; index++) {
      const name = `other-${index}`
      const other = { id: name, name, issuer: 'https://issuer.example.com', subject: name, audiences: ['x'] }
      puller.credentials.set(name, { ...other, effectiveAt: new Date(0) })
    }
    const applied = await run(apply)
    assert.equal(applied.exitCode, 1)
    assert.match(applied.stdout + applied.stderr, /TRUST_POLICY_FULL.*has 20 federated credentials/)
    assert.deepEqual(assigned(), [])
  })
})

suite('trust destroy leaves', () => {
  test('a role that other tokens use, and resources that others created', async (t) => {
    const { run, puller, credential, assigned } = await start(t)
    await run(apply)
    const other = { id: 'other', name: 'other', issuer: 'https://issuer.example.com', subject, audiences: ['x'] }
    puller.credentials.set('other', { ...other, effectiveAt: new Date(0) })
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(destroyed.stdout, /one other token signs the identity in/)
    assert.deepEqual([credential().map(({ name }) => name), assigned().length], [['other'], 1])
  })

  test('a credential and a role that pullpass did not create', async (t) => {
    const { azure, run, credential, assigned, puller } = await start(t)
    await run(apply)
    const [own] = credential()
    const [role] = assigned()
    assert.ok(own !== undefined && role !== undefined)
    puller.credentials.clear()
    puller.credentials.set('mine', { ...own, name: 'mine', description: '' })
    azure.roleAssignments.put({ ...role, description: '' })
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([credential().length, assigned().length], [1, 1])
  })
})

suite('each permission that the operator lacks is named', () => {
  const cases: Readonly<Record<string, readonly [OperatorAction, NonNullable<TrustWorld['identity']>, RegExp]>> = {
    'to read the managed identity': [
      'Microsoft.ManagedIdentity/userAssignedIdentities/read',
      'managed identity',
      /Reader --assignee [0-9a-f-]{36} --scope .*userAssignedIdentities\/pullpass$/m,
    ],
    'to list its credentials': [
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read',
      'managed identity',
      /--role 'Managed Identity Contributor' --assignee/,
    ],
    'to create a credential': [
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write',
      'managed identity',
      /--role 'Managed Identity Contributor' --assignee [0-9a-f-]{36} --scope .*userAssignedIdentities\/pullpass$/m,
    ],
    'to read the registry': ['Microsoft.ContainerRegistry/registries/read', 'application', /--role Reader --assignee/],
    'to list roles': ['Microsoft.Authorization/roleAssignments/read', 'application', /--role Reader --assignee/],
    'to assign a role': [
      'Microsoft.Authorization/roleAssignments/write',
      'application',
      /--role 'Role Based Access Control Administrator' --assignee [0-9a-f-]{36} --scope .*registries\/example$/m,
    ],
    'to read the application': ['Application.Read', 'application', /Cloud Application Administrator/],
    'to change the application': ['Application.ReadWrite', 'application', /Cloud Application Administrator/],
  }
  for (const [title, [action, identity, fix]] of Object.entries(cases)) {
    test(title, async (t) => {
      const { azure, run, assigned } = await start(t, { identity })
      azure.operators.deny(azure.operator.principalId, action)
      const applied = await run(apply)
      assert.equal(applied.exitCode, 1)
      const output = applied.stdout + applied.stderr
      assert.match(output, /TRUST_DENIED \(trust\)/)
      if (!action.startsWith('Application.'))
        assert.ok(output.includes(`the operator to have ${action} on /subscriptions`), output)
      assert.match(output, fix)
      assert.deepEqual(assigned(), [])
    })
  }

  test('and credentials that do not exist', async (t) => {
    const { run } = await start(t)
    const none = { AZURE_CLIENT_SECRET: undefined, AZURE_TENANT_ID: undefined }
    const { exitCode, stderr } = await run(['trust', 'plan'], { environment: { ...none, AZURE_TENANT_ID: 'x' } })
    assert.equal(exitCode, 1)
    assert.match(stderr, /^TRUST_CREDENTIALS_MISSING \(trust\): the operator's identity is incomplete/)
  })
})
