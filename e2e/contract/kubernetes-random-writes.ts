/** Random writes of one Secret by several managers, in addition to the chosen cases of the contract. */
import fc from '../../test/support/fast-check.ts'
import type { ApiObject } from './kubernetes-client.ts'
import { mergePatch, secretsOf, strategicMergePatch, type TargetRequest } from './kubernetes-cluster.ts'

/** A write of the Secret of this name, as a request. */
export type RandomWrite = (namespace: string, name: string) => TargetRequest

type Fields = { readonly metadata: object; readonly [field: string]: unknown }

const some = (values: Record<string, readonly (string | null)[]>) =>
  fc.record(Object.fromEntries(Object.entries(values).map(([key, of]) => [key, fc.constantFrom(...of)])), {
    requiredKeys: [],
  })

const fields = (removed: readonly null[]): fc.Arbitrary<Fields> =>
  fc.record(
    {
      metadata: fc.record(
        {
          labels: some({ team: ['a', 'b', ...removed], stage: ['x', ...removed] }),
          annotations: some({ owner: ['a', 'b', ''], note: ['n', ...removed] }),
          finalizers: fc.constantFrom([], ['example.com/a'], ['example.com/b'], ['example.com/a', 'example.com/b']),
        },
        { requiredKeys: [] },
      ),
      data: some({ one: ['YQ==', 'Yg==', ...removed], two: ['YQ=='], three: ['Yg==', ...removed] }),
      stringData: some({ one: ['words'], four: ['words'] }),
      type: fc.constant('Opaque'),
    },
    { requiredKeys: ['metadata'] },
  )

const manager = fc.constantFrom('first', 'second', 'third')

const whole = (name: string, { metadata, ...rest }: Fields) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  ...rest,
  metadata: { ...metadata, name },
})

const apply = fc.tuple(fields([]), manager, fc.constantFrom('', '&force=true')).map(
  ([body, by, force]): RandomWrite =>
    (namespace, name) => ({
      method: 'PATCH',
      path: `${secretsOf(namespace)}/${name}?fieldManager=${by}${force}`,
      contentType: 'application/apply-patch+yaml',
      body: whole(name, body),
    }),
)

const post = fc.tuple(fields([]), manager).map(
  ([body, by]): RandomWrite =>
    (namespace, name) => ({
      method: 'POST',
      path: `${secretsOf(namespace)}?fieldManager=${by}`,
      body: whole(name, body),
    }),
)

const put = fc.tuple(fields([]), manager).map(
  ([body, by]): RandomWrite =>
    (namespace, name) => ({
      method: 'PUT',
      path: `${secretsOf(namespace)}/${name}?fieldManager=${by}`,
      body: whole(name, body),
    }),
)

const patch = fc.tuple(fields([null]), manager, fc.constantFrom(mergePatch, strategicMergePatch)).map(
  ([body, by, contentType]): RandomWrite =>
    (namespace, name) => ({
      method: 'PATCH',
      path: `${secretsOf(namespace)}/${name}?fieldManager=${by}`,
      contentType,
      body,
    }),
)

const strip = fc.constant<RandomWrite>((namespace, name) => ({
  method: 'PATCH',
  path: `${secretsOf(namespace)}/${name}`,
  contentType: mergePatch,
  body: { metadata: { managedFields: [{}] } },
}))

const remove = fc.constant<RandomWrite>((namespace, name) => ({
  method: 'DELETE',
  path: `${secretsOf(namespace)}/${name}`,
}))

/** Up to eight writes, mostly applies. */
export const randomWrites: fc.Arbitrary<RandomWrite[]> = fc.array(
  fc.oneof(
    { arbitrary: apply, weight: 5 },
    { arbitrary: patch, weight: 2 },
    { arbitrary: post, weight: 1 },
    { arbitrary: put, weight: 1 },
    { arbitrary: strip, weight: 1 },
    { arbitrary: remove, weight: 1 },
  ),
  { minLength: 1, maxLength: 8 },
)

/** An object or Status without the fields that differ between servers: uids, versions, timestamps and their order. */
export function comparable(object: ApiObject): object {
  const { managedFields = [], ...metadata } = object.metadata ?? {}
  const owners = managedFields.map(({ manager: by, operation, fieldsV1 }) => ({ by, operation, fieldsV1 }))
  const own = ['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp']
  const details = { ...object.details, uid: undefined, causes: sorted(object.details?.causes ?? []) }
  return {
    ...object,
    metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => !own.includes(name))),
    owners: sorted(owners),
    details,
  }
}

const sorted = <T>(values: readonly T[]): T[] =>
  values.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
