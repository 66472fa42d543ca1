import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { roles } from '../../../sandbox/azure/role-assignments.ts'
import { bindExchange } from '../../../src/vendors/vendor.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { exchangeFor, loadRegistry } from '../exchange-registry.ts'
import {
  audience,
  claimsOf,
  clientId,
  exchangeAt,
  refusalAt,
  registryText,
  signToken,
  startAzure,
  tenantId,
} from './azure-registry.ts'

const formOf = (body = '') => Object.fromEntries(new URLSearchParams(body))
const condition = (name: string) =>
  `((!(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/content/read'}) AND !(ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/metadata/read'})) OR (@Request[Microsoft.ContainerRegistry/registries/repositories:name] StringEqualsIgnoreCase '${name}'))`

test('an exchange at Azure', async (t) => {
  const azureTest = await startAzure(t)
  const { sandbox, azure } = azureTest

  await t.test('a subject token becomes a refresh token of the registry, until its own expiry', async () => {
    const { credential, sent } = await exchangeAt(azureTest)
    assert.deepEqual(credential.hosts, ['example.azurecr.io'])
    assert.equal(credential.username, '00000000-0000-0000-0000-000000000000')
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T15:00:00.000Z')
    const { aud, sub, grant_type } = claimsOf(credential.password)
    assert.deepEqual([aud, sub, grant_type], ['example.azurecr.io', azure.puller.principalId, 'refresh_token'])
    assert.deepEqual(
      sent.map(({ method, url }) => [method, url]),
      [
        ['POST', `${azure.parts.entra.url}/${tenantId}/oauth2/v2.0/token`],
        ['POST', `${azure.parts.containerRegistry.url}/oauth2/exchange`],
      ],
    )
    assert.equal(sent[0]?.headers['authorization'], undefined)
  })

  await t.test('Entra and the registry get the documented fields', async () => {
    const { sent } = await exchangeAt(azureTest)
    const { client_assertion: assertion = '', ...signIn } = formOf(sent[0]?.body)
    assert.equal(assertion.split('.').length, 3)
    assert.deepEqual(signIn, {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      scope: 'https://containerregistry.azure.net/.default',
    })
    const { access_token: _, ...exchange } = formOf(sent[1]?.body)
    assert.deepEqual(exchange, { grant_type: 'access_token', service: 'example.azurecr.io', tenant: tenantId })
  })

  await t.test('a tenant that is named by its domain is not named to the registry', async () => {
    const registry = registryText().replace(tenantId, 'example.onmicrosoft.com')
    const fault = await refusalAt(azureTest, { registry })
    assert.equal(fault.code, 'PROVIDER_NOT_FOUND')
    assert.match(fault.seen, /AADSTS90002: Tenant 'example\.onmicrosoft\.com' not found/)
  })

  await t.test('an identity signs in once for several registries with one token', async () => {
    const second = { loginServer: 'second.azurecr.io', id: azure.registryId.replace(/example$/, 'second') }
    azure.registries.set(second.loginServer, { ...second, roleAssignmentMode: 'LegacyRegistryPermissions' })
    const { principalId } = azure.puller
    const effectiveAt = sandbox.clock.now()
    azure.roleAssignments.put({ name: 'second', scope: second.id, principalId, role: roles.acrPull, effectiveAt })
    const before = azure.parts.entra.seen.length
    const subjectToken = await signToken(sandbox)
    const context = fakeContext({
      environment: azure.environment,
      ca: sandbox.authority.ca,
      at: '2026-11-24T12:00:00Z',
    })
    const hosts = ['example.azurecr.io', 'second.azurecr.io']
    const credentials = await Promise.all(
      hosts.map((host) => exchangeFor(registryText('', host), subjectToken, context)),
    )
    assert.equal(azure.parts.entra.seen.length - before, 1)
    assert.deepEqual(
      credentials.map(({ password }) => claimsOf(password)['aud']),
      hosts,
    )
    await exchangeFor(registryText(), await signToken(sandbox), context)
    assert.equal(azure.parts.entra.seen.length - before, 2, 'another token is another sign-in')
  })

  await t.test('a sign-in that failed is tried again by the next exchange with its token', async () => {
    const subjectToken = await signToken(sandbox)
    azure.parts.entra.faults.inject({ kind: 'response', response: { status: 400, body: {} } }, { times: 1 })
    assert.equal((await refusalAt(azureTest, { subjectToken })).code, 'EXCHANGE_REFUSED')
    await exchangeAt(azureTest, { subjectToken })
  })

  await t.test(
    'requests a token for each repository of the document from a registry with repository permissions',
    async () => {
      const registry = { id: azure.registryId, loginServer: azure.loginServer }
      azure.registries.set(azure.loginServer, { ...registry, roleAssignmentMode: 'AbacRepositoryPermissions' })
      const { principalId } = azure.puller
      const reader = { name: 'abac', scope: azure.registryId, principalId, role: roles.repositoryReader }
      azure.roleAssignments.put({ ...reader, condition: condition('team/app'), effectiveAt: sandbox.clock.now() })
      const { sent, credential } = await exchangeAt(azureTest, { registry: registryText('repositories: [team/app]') })
      assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T15:00:00.000Z')
      assert.equal(sent.at(-1)?.url, `${azure.parts.containerRegistry.url}/oauth2/token`)
      const { refresh_token: _, ...fields } = formOf(sent.at(-1)?.body)
      assert.deepEqual(fields, {
        grant_type: 'refresh_token',
        service: 'example.azurecr.io',
        scope: 'repository:team/app:pull',
      })

      const fault = await refusalAt(azureTest, { registry: registryText('repositories: [team/app, team/other]') })
      assert.deepEqual([fault.code, fault.hop], ['REGISTRY_DENIED', 'exchange/repository'])
      assert.equal(
        fault.seen,
        'registry example.azurecr.io grants nothing in repository team/other; pull was requested',
      )
      assert.match(fault.expected ?? '', /AcrPull on repository team\/other of example\.azurecr\.io/)
      azure.registries.set(azure.loginServer, { ...registry, roleAssignmentMode: 'LegacyRegistryPermissions' })
    },
  )
})

suite('clocks that differ', () => {
  test('the credential ends by the clock of this machine, ahead or behind', async (t) => {
    const azureTest = await startAzure(t)
    const ahead = await exchangeAt(azureTest, { at: '2026-11-24T12:04:00Z' })
    assert.equal(ahead.credential.expiresAt?.toISOString(), '2026-11-24T15:04:00.000Z')
    const farAhead = await exchangeAt(azureTest, { at: '2026-11-24T12:10:00Z' })
    assert.equal(farAhead.credential.expiresAt?.toISOString(), '2026-11-24T15:05:00.000Z')
    const behind = await exchangeAt(azureTest, { at: '2026-11-24T11:50:00Z' })
    assert.equal(behind.credential.expiresAt?.toISOString(), '2026-11-24T14:50:00.000Z')
  })
})

suite('what is requested of the cluster', () => {
  const bind = async (registry: string) => bindExchange(await loadRegistry(registry), vendors)

  test('is a token for the audience of the cloud, or of the registry entry', async () => {
    const hosts = { 'example.azurecr.io': '', 'example.azurecr.us': 'USGov', 'example.azurecr.cn': 'China' }
    for (const [host, suffix] of Object.entries(hosts)) {
      assert.deepEqual((await bind(registryText('', host))).audiences, [`${audience}${suffix}`])
    }
    assert.deepEqual((await bind(`audience: other, ${registryText()}`)).audiences, ['other'])
  })

  test('may be short: the credential is valid for three hours, after the token has expired', async () => {
    const { subjectTokenLifeSeconds, credentialLifeSeconds, hops } = await bind(registryText())
    assert.deepEqual([subjectTokenLifeSeconds, credentialLifeSeconds], [600, 10_800])
    assert.deepEqual(hops, ['exchange', 'exchange/registry'])
  })
})
