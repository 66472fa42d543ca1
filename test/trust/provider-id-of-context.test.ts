import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { providerIdOfContext } from '../../src/trust/provider-id-of-context.ts'

suite('the id of a context’s provider', () => {
  test('is its name where Google takes that', () => {
    assert.equal(providerIdOfContext('prod-1'), 'prod-1')
  })

  test('is what Google takes of other names, with digits that tell them apart', () => {
    const ids = ['gke_project_europe-west1_prod', 'GKE_project_europe-west1_prod', 'dev', 'gcp-prod', '***'].map(
      providerIdOfContext,
    )
    assert.match(ids[0] ?? '', /^gke-project-europe-west1-[0-9a-f]{6}$/)
    assert.match(ids[2] ?? '', /^dev-[0-9a-f]{6}$/)
    assert.match(ids[3] ?? '', /^prod-[0-9a-f]{6}$/)
    assert.match(ids[4] ?? '', /^cluster-[0-9a-f]{6}$/)
    assert.equal(new Set(ids).size, ids.length)
  })

  test('is one that Google takes, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        assert.match(providerIdOfContext(name), /^(?!gcp-)[a-z0-9-]{4,32}$/)
      }),
    )
  })
})
