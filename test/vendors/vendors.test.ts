import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { sandboxVendors } from '../../sandbox/vendors.ts'
import { documentJsonSchemas } from '../../src/document/json-schema.ts'
import { vendors } from '../../src/vendors/vendors.ts'

const named = Object.entries(vendors)
const withSettings = named.filter(([, { settings }]) => settings !== undefined).map(([name]) => name)

suite('the list of vendors', () => {
  test('equals the folders, by the same names', () => {
    const folders = globSync('src/vendors/*/vendor.ts').map((file) => file.split(/[\\/]/)[2] ?? '')
    assert.deepEqual(Object.keys(vendors).toSorted(), folders.toSorted())
  })

  test('has at most one part in the sandbox for each, by the same identifier', () => {
    const folders = globSync('sandbox/*/vendor.ts').map((file) => file.split(/[\\/]/)[1] ?? '')
    assert.deepEqual(Object.keys(sandboxVendors).toSorted(), folders.toSorted())
    assert.deepEqual(
      folders.filter((folder) => !Object.hasOwn(vendors, folder)),
      [],
    )
  })

  test('has as many parts in the sandbox as docs/architecture.md states', () => {
    const count = Object.keys(sandboxVendors).length
    assert.ok(
      readFileSync('docs/architecture.md', 'utf8').includes(`[${count} vendors](../sandbox/vendors.ts)`),
      `${count}`,
    )
  })

  test('equals the fields of a registry in the schema of both kinds', async () => {
    for (const [kind, schema] of Object.entries(await documentJsonSchemas(vendors))) {
      const registry = schema.properties?.['spec']?.properties?.['registries']?.items?.properties ?? {}
      const shared = ['name', 'hosts', 'hostPolicy', 'audience', 'tokenFile']
      const fields = Object.keys(registry).filter((field) => !shared.includes(field))
      const ofTenants = await Promise.all(
        withSettings.map(async (name) => (await vendors[name]?.settings?.())?.tenantForm !== undefined),
      )
      const expected = kind === 'PullSecret' ? withSettings.filter((_, index) => ofTenants[index]) : withSettings
      assert.deepEqual(fields.toSorted(), expected.toSorted(), kind)
    }
  })

  test('equals what docs/document.md describes', () => {
    const page = readFileSync('docs/document.md', 'utf8')
    for (const name of withSettings) assert.ok(page.includes(`\n### ${name}\n`), name)
  })

  test('has an exchange, or a lookup, exactly where a document can name the vendor', () => {
    const parts = named.map(
      ([name, { exchange, lookup }]) => [name, [exchange, lookup].filter(Boolean).length] as const,
    )
    assert.deepEqual(
      parts.filter(([, count]) => count > 0).map(([name]) => name),
      withSettings,
    )
    assert.deepEqual(
      parts.filter(([, count]) => count > 1),
      [],
    )
  })
})

for (const [name, vendor] of named) {
  suite(`vendor ${name}`, () => {
    test('has all members of each part that it brings', async () => {
      // `hosts` is absent where a vendor accepts any host.
      const members = async (part: (() => Promise<object>) | undefined) =>
        part === undefined
          ? undefined
          : Object.keys(await part())
              .filter((member) => member !== 'hosts')
              .toSorted()
      const parts = {
        settings: await members(vendor.settings),
        variables: await members(vendor.variables),
        exchange: await members(vendor.exchange),
        lookup: await members(vendor.lookup),
        trust: await members(vendor.trust?.load),
        issuerRequirements: await members(vendor.issuerRequirements),
        publisherIdentity: await members(vendor.publisherIdentity?.load),
      }
      const expected: Readonly<Record<string, readonly string[]>> = {
        settings: ['form', 'problems', 'read', 'tenantForm'],
        variables: ['defaultHost', 'registry', 'rules', 'settings'],
        exchange: [
          'audiences',
          'checkEnvironment',
          'checkSubject',
          'credentialLifeSeconds',
          'endpointVariables',
          'exchange',
          'hops',
          'registryRefusal',
          'subjectTokenLifeSeconds',
          'tenantDomains',
        ],
        lookup: ['lookUp'],
        trust: [
          'admitsPublisher',
          'clusterIds',
          'desired',
          'forCluster',
          'repositories',
          'repository',
          'withRepository',
        ],
        issuerRequirements: ['evaluateMore', 'rules'],
        publisherIdentity: ['parse', 'podIdentity'],
      }
      const present = Object.entries(parts).filter(([, found]) => found !== undefined)
      assert.ok(present.length > 0)
      for (const [part, found] of present) assert.deepEqual(found, expected[part], part)
    })

    if (vendor.draft !== undefined) {
      test('proposes nothing for a host that is not its own', async () => {
        const draft = await vendor.draft?.()
        for (const host of ['unknown.example', `${name}.unknown.example`, '127.0.0.1:5000']) {
          assert.equal(draft?.(host), undefined, host)
        }
      })
    }

    for (const [scheme, { form, load }] of Object.entries(vendor.stores ?? {})) {
      test(`has a store of scheme ${scheme}, with all members`, async () => {
        assert.ok(form.startsWith(`${scheme}:`), form)
        assert.deepEqual(Object.keys(await load()).toSorted(), ['makePublic', 'meaning', 'open', 'parse', 'publicUrl'])
      })
    }
  })
}
