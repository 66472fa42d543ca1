import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { bindExchange } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { loadText } from '../document/load-text.ts'

/** A vendor on the page of another one. */
const sharedPages: Readonly<Record<string, string>> = { awsPublic: 'aws' }

const names = Object.keys(vendors).filter((name) => vendors[name]?.settings !== undefined)

const pageOf = (name: string) => `docs/vendors/${sharedPages[name] ?? name}.md`

suite('the page of each vendor in docs/vendors', () => {
  for (const name of names) {
    test(`${name}: exists, is in the index, and links to its fields`, () => {
      const page = pageOf(name)
      assert.ok(existsSync(page), page)
      assert.ok(readFileSync('docs/README.md', 'utf8').includes(`](${page.replace('docs/', '')})`), 'docs/README.md')
      assert.ok(readFileSync(page, 'utf8').includes(`](../document.md#${name.toLowerCase()})`), page)
    })

    test(`${name}: has an example that is a valid document, with a consistent exchange`, async () => {
      const text = readFileSync(pageOf(name), 'utf8')
      const examples = [...text.matchAll(/```yaml\n(apiVersion: pullpass[\s\S]*?)```/g)].map(
        ([, example = '']) => example,
      )
      const documents = (await Promise.all(examples.map(loadText))).flat()
      const own = documents.flatMap(({ registries }) => registries).filter(({ vendor }) => vendor === name)
      assert.ok(own.length > 0, 'no example has a registry of this vendor')
      for (const registry of own) {
        const bound = await bindExchange(registry, vendors)
        const usesToken = vendors[name]?.lookup === undefined
        assert.equal(registry.subjectToken, usesToken ? undefined : 'unused')
        assert.equal(bound.audiences.length > 0, usesToken)
        assert.equal(new Set(bound.audiences).size, bound.audiences.length)
        assert.equal(bound.hops[0], 'exchange')
        assert.ok(bound.credentialLifeSeconds >= 600 && bound.credentialLifeSeconds <= 12 * 3600)
        assert.ok(bound.subjectTokenLifeSeconds >= (usesToken ? 600 : 0))
        bound.checkEnvironment({})
      }
    })
  }
})
