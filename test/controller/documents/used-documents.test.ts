import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CustomResource } from '../../../src/controller/custom-resources.ts'
import { UsedDocuments } from '../../../src/controller/documents/used-documents.ts'
import type { ControlledDocument } from '../../../src/controller/documents.ts'
import { pullSecretType } from '../../../src/document/custom-resource.ts'
import { smallestDocument } from '../../document/smallest-document.ts'
import fc from '../../support/fast-check.ts'

const controlled = (revision: string): ControlledDocument => ({ document: smallestDocument, requests: [], revision })

const resource = (document: string, deletion: CustomResource['deletion'], revision: string | undefined) => ({
  type: pullSecretType,
  document,
  name: document,
  uid: '',
  resourceVersion: '',
  generation: 1,
  createdAt: '2026-11-24T12:00:00Z',
  deletion,
  status: {},
  controlled: revision === undefined ? undefined : controlled(revision),
  fault: undefined,
})

const names = ['one', 'two', 'three']
const revision = fc.constantFrom('1', '2', undefined)
const change = fc.oneof(
  fc.record({ kind: fc.constant('files' as const), files: fc.dictionary(fc.constantFrom(...names), revision) }),
  fc.record({
    kind: fc.constantFrom('resources' as const, 'tenants' as const),
    name: fc.constantFrom(...names),
    revision,
    deletion: fc.constantFrom('none' as const, 'background' as const),
    isRemoved: fc.boolean(),
    observed: fc.constantFrom('event' as const, 'list' as const),
  }),
)

suite('the documents in use', () => {
  test('are those of files, then those of custom resources that are valid and not deleted; each change is reported once', () => {
    fc.assert(
      fc.property(fc.array(change), (steps) => {
        const resources = new Map<string, CustomResource>()
        const tenants = new Map<string, CustomResource>()
        const used = new UsedDocuments({ resources: { objects: resources }, tenants: { objects: tenants } })
        let files = new Map<string, ControlledDocument>()
        const reported = new Map<string, string>()
        for (const step of steps) {
          if (step.kind === 'files') {
            const valid = Object.entries(step.files).flatMap(([name, one]) =>
              one ? [[name, controlled(one)] as const] : [],
            )
            files = new Map(valid)
          } else {
            const objects = step.kind === 'resources' ? resources : tenants
            if (step.isRemoved) objects.delete(step.name)
            else objects.set(step.name, resource(step.name, step.deletion, step.revision))
          }
          const ofList = step.kind !== 'files' && step.observed === 'list'
          const changes =
            step.kind === 'files' ? used.useFiles(files) : used.useResources(ofList ? undefined : step.name)
          for (const { name, before, after } of changes) {
            assert.equal(before?.revision, reported.get(name))
            assert.notEqual(after?.revision, before?.revision)
            if (after === undefined) reported.delete(name)
            else reported.set(name, after.revision)
          }
          const desired = names.flatMap((name) => {
            const object = resources.get(name) ?? tenants.get(name)
            const one = files.get(name) ?? (object?.deletion === 'none' ? object.controlled : undefined)
            return one === undefined ? [] : [[name, one] as const]
          })
          assert.deepEqual(new Map(used.index.all), new Map(desired))
          assert.deepEqual(reported, new Map(desired.map(([name, one]) => [name, one.revision])))
          assert.ok(names.every((name) => used.isUsed(name)))
        }
      }),
    )
  })

  test('are not read after a change of one of 3,000 custom resources', () => {
    let reads = 0
    const objects = new Map<string, CustomResource>()
    const put = (name: string, version: string) =>
      objects.set(name, {
        ...resource(name, 'none', undefined),
        get controlled() {
          reads += 1
          return controlled(version)
        },
      })
    for (let index = 0; index < 3_000; index++) put(`${index}`, '1')
    const used = new UsedDocuments({ resources: { objects: new Map() }, tenants: { objects } })
    assert.equal(used.useResources(undefined).length, 3_000)
    reads = 0
    put('7', '2')
    assert.deepEqual(
      used.useResources('7').map(({ name }) => name),
      ['7'],
    )
    assert.equal(reads, 1)
  })
})
