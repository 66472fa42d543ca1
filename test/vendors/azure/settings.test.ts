import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { loadDocuments } from '../../../src/document/load-documents.ts'
import { authorityEndpoint, checkEndpoints, registryEndpoint } from '../../../src/vendors/azure/endpoints.ts'
import type { AzureSettings } from '../../../src/vendors/azure/settings.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { faultOf, loadRegistry } from '../exchange-registry.ts'
import { clientId, registryText, tenantId } from './azure-registry.ts'

const group = '/subscriptions/99999999-8888-4777-8666-555555555555/resourceGroups/images/providers'
const registryId = `${group}/Microsoft.ContainerRegistry/registries/example`

async function settingsOf(registry: string): Promise<AzureSettings> {
  const { settings } = await loadRegistry(registry)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its vendor is azure
  return settings as AzureSettings
}

suite('a registry at Azure', () => {
  test('is the login server of its hosts, in the cloud of its suffix', async () => {
    const clouds = {
      'example.azurecr.io': 'Public',
      'example.azurecr.us': 'USGovernment',
      'example.azurecr.cn': 'China',
      'example.azurecr.sovcloud-azure.fr': 'Bleu',
      'example-a1b2c3.azurecr.io': 'Public',
    }
    for (const [host, cloud] of Object.entries(clouds)) {
      const settings = await settingsOf(registryText('', host))
      assert.deepEqual([settings.registry, settings.cloud], [host, cloud])
    }
  })

  test('may have several paths, and a mirror whose registry the document names', async () => {
    const paths = await settingsOf(registryText('', 'example.azurecr.io/team-a/, example.azurecr.io/team-b/'))
    assert.equal(paths.registry, 'example.azurecr.io')
    const mirror = await settingsOf(registryText('registry: example.azurecr.io', 'mirror.example.com'))
    assert.equal(mirror.registry, 'example.azurecr.io')
  })

  test('has ids in lower case, since Azure compares them without regard to case', async () => {
    const settings = await settingsOf(registryText().replace(clientId, clientId.toUpperCase()))
    assert.deepEqual([settings.clientId, settings.tenantId], [clientId, tenantId])
  })

  test('is written as in the docs', async () => {
    const page = readFileSync('docs/vendors/azure.md', 'utf8')
    const [, text = ''] = /```yaml\n([\s\S]+?)```/.exec(page) ?? []
    const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => text, vendors })
    assert.equal(document?.registries[0]?.vendor, 'azure')
  })

  test('of a tenant is read like any other', async () => {
    assert.equal((await loadRegistry(registryText('repositories: [team/app]'), 'PullSecret')).vendor, 'azure')
  })
})

suite('a document is refused for', () => {
  const cases: Readonly<Record<string, readonly [registry: string, seen: RegExp, expected: RegExp]>> = {
    'a host that is not a login server': [
      registryText('', 'registry.example.com'),
      /hosts\[0\] is "registry\.example\.com"$/,
      /^the login server of a registry, such as example\.azurecr\.io, or azure\.registry to name it$/,
    ],
    'a host that only ends like one': [
      registryText('', 'example.azurecr.io.evil.example.com'),
      /hosts\[0\] is "example\.azurecr\.io\.evil\.example\.com"$/,
      /^the login server of a registry/,
    ],
    'a data endpoint': [
      registryText('', 'example.azurecr.io, example.westeurope.data.azurecr.io'),
      /hosts\[1\] is "example\.westeurope\.data\.azurecr\.io"$/,
      /^the login server, example\.azurecr\.io: a data endpoint needs no credential$/,
    ],
    'two registries in one entry': [
      registryText('', 'example.azurecr.io, second.azurecr.io'),
      /hosts\[1\] is "second\.azurecr\.io"$/,
      /^example\.azurecr\.io: a credential is valid for one registry; add an entry for another one$/,
    ],
    'a cloud in which the registry is not': [
      registryText('cloud: China'),
      /azure\.cloud is China$/,
      /^Public, in which example\.azurecr\.io is$/,
    ],
    'the object id of nothing': [
      registryText().replace(clientId, 'pullpass'),
      /azure\.clientId is "pullpass"$/,
      /^the client id of an application or a managed identity, a UUID$/,
    ],
    'a trust set-up of another registry': [
      registryText(`trust: {registryId: ${registryId.replace(/example$/, 'other')}}`),
      /azure\.trust\.registryId is of registry other$/,
      /^the resource id of example\.azurecr\.io: az acr show --name example --query id$/,
    ],
  }
  for (const [title, [registry, seen, expected]] of Object.entries(cases)) {
    test(title, async () => {
      const fault = await faultOf(loadRegistry(registry))
      assert.equal(fault.code, 'DOCUMENT_INVALID')
      assert.match(fault.seen, seen)
      assert.match(fault.expected ?? '', expected)
    })
  }

  test('an endpoint in a document of a tenant', async () => {
    for (const field of ['endpoints: {authority: "https://login.example.com"}', `trust: {registryId: ${registryId}}`]) {
      const fault = await faultOf(loadRegistry(registryText(field), 'PullSecret'))
      assert.match(fault.seen, /azure\.(endpoints|trust) is not a known field$/)
    }
  })
})

suite('tokens are sent', () => {
  test('to the cloud of the registry', async () => {
    const hosts = {
      'example.azurecr.io': 'https://login.microsoftonline.com',
      'example.azurecr.us': 'https://login.microsoftonline.us',
      'example.azurecr.cn': 'https://login.chinacloudapi.cn',
      'example.azurecr.sovcloud-azure.fr': 'https://login.sovcloud-identity.fr',
    }
    for (const [host, authority] of Object.entries(hosts)) {
      const settings = await settingsOf(registryText('', host))
      assert.deepEqual(
        [authorityEndpoint(settings, {}), registryEndpoint(settings, {})],
        [authority, `https://${host}`],
      )
    }
  })

  test('at those of the document, or else of the variables', async () => {
    const environment = {
      AZURE_AUTHORITY_HOST: 'https://login.example.com/',
      PULLPASS_AZURE_REGISTRY_ENDPOINT: 'https://registry.example.com',
    }
    const own = await settingsOf(registryText())
    assert.deepEqual(
      [authorityEndpoint(own, environment), registryEndpoint(own, environment)],
      ['https://login.example.com', 'https://registry.example.com'],
    )
    const named = 'endpoints: {authority: "https://login.private:8443", registry: "http://127.0.0.1:9000"}'
    const settings = await settingsOf(registryText(named))
    assert.deepEqual(
      [authorityEndpoint(settings, environment), registryEndpoint(settings, environment)],
      ['https://login.private:8443', 'http://127.0.0.1:9000'],
    )
  })

  test('to the cloud of the registry where the variable names another cloud of Microsoft', async () => {
    const settings = await settingsOf(registryText('', 'example.azurecr.cn'))
    const environment = { AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/' }
    assert.equal(authorityEndpoint(settings, environment), 'https://login.chinacloudapi.cn')
  })

  test('never in the clear', () => {
    for (const name of ['AZURE_AUTHORITY_HOST', 'PULLPASS_AZURE_REGISTRY_ENDPOINT']) {
      assert.throws(() => checkEndpoints({ [name]: 'http://login.example.com' }), {
        code: 'VARIABLE_INVALID',
        seen: `variable ${name} is "http://login.example.com"`,
      })
    }
  })
})
