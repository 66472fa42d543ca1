/** Lists: metadata only, selectors, pages. https://kubernetes.io/docs/reference/using-api/api-concepts/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ContractCluster,
  metadataListOnly,
  metadataOnly,
  pullSecret,
  secretsOf,
  secretWith,
} from '../kubernetes-cluster.ts'

export function listCases(started: () => ContractCluster): void {
  test('a metadata-only list contains no secret data', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const { text: applied } = await cluster.apply(namespace, pullSecret('regcred', 'hidden'), 'pullpass')

    const { object, text } = await cluster.request({ path: secretsOf(namespace), accept: metadataListOnly })

    assert.deepEqual([object.kind, object.apiVersion], ['PartialObjectMetadataList', 'meta.k8s.io/v1'])
    assert.deepEqual(
      object.items?.map(({ kind, metadata }) => [kind, metadata?.name]),
      [['PartialObjectMetadata', 'regcred']],
    )
    assert.equal(text.includes(dataIn(applied)), false)
  })

  test('metadata includes last-applied-configuration', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': 'a whole credential' }
    await cluster.apply(namespace, pullSecret('regcred', 'one', { annotations }), 'pullpass')

    const listed = await cluster.request({ path: secretsOf(namespace), accept: metadataListOnly })
    const read = await cluster.request({ path: `${secretsOf(namespace)}/regcred`, accept: metadataOnly })

    assert.deepEqual(listed.object.items?.[0]?.metadata?.annotations, annotations)
    assert.deepEqual(read.object.metadata?.annotations, annotations)
  })

  for (const [selector, chosen] of [
    ['labelSelector=team%3Da', ['one']],
    ['labelSelector=team!%3Da', ['three', 'two']],
    ['labelSelector=team+in+(a,b)', ['one', 'two']],
    ['labelSelector=team+notin+(a)', ['three', 'two']],
    ['labelSelector=team', ['one', 'two']],
    ['labelSelector=!team', ['three']],
    ['labelSelector=team,team!%3Db', ['one']],
    ['fieldSelector=metadata.name%3Dtwo', ['two']],
    ['fieldSelector=metadata.name!%3Dtwo', ['one', 'three']],
    ['fieldSelector=metadata.name%3Dtwo,type%3DOpaque', ['two']],
    ['fieldSelector=type%3Dkubernetes.io/dockerconfigjson', []],
    ['fieldSelector=metadata.name%3Done&labelSelector=team%3Db', []],
  ] as const) {
    test(`${decodeURIComponent(selector.replaceAll('+', ' '))} chooses ${chosen.join(' and ') || 'nothing'}`, async () => {
      const cluster = started()
      const namespace = await createThree(cluster)

      const { object } = await cluster.request({ path: `${secretsOf(namespace)}?${selector}` })

      assert.deepEqual(namesOf(object.items), chosen)
    })
  }

  test('a cluster-wide list by name and namespace returns that object', async () => {
    const cluster = started()
    const namespace = await createThree(cluster)
    const selector = `metadata.name%3Done,metadata.namespace%3D${namespace}`

    const { object } = await cluster.request({ path: `/api/v1/secrets?fieldSelector=${selector}` })

    assert.deepEqual(
      object.items?.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`),
      [`${namespace}/one`],
    )
  })

  test('an unsupported field selector returns 400', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status, object } = await cluster.request({ path: `${secretsOf(namespace)}?fieldSelector=data%3Da` })

    assert.deepEqual([status, object.message], [400, 'field label not supported: data'])
  })

  test('pages contain each object once, in the state of the first page', async () => {
    const cluster = started()
    const namespace = await createThree(cluster)
    const path = `${secretsOf(namespace)}?limit=2`

    const first = await cluster.request({ path })
    await cluster.apply(namespace, secretWith('zebra'), 'pullpass')
    const second = await cluster.request({ path: `${path}&continue=${first.object.metadata?.continue}` })

    assert.deepEqual([namesOf(first.object.items), namesOf(second.object.items)], [['one', 'three'], ['two']])
    assert.equal(second.object.metadata?.continue, undefined)
    assert.equal(second.object.metadata?.resourceVersion, first.object.metadata?.resourceVersion)
  })

  test('a continue token whose version was compacted returns 410 with a token for the rest', async () => {
    const cluster = started()
    const namespace = await createThree(cluster)
    const path = `${secretsOf(namespace)}?limit=2`
    const first = await cluster.request({ path })

    await cluster.target.compact()
    const expired = await cluster.request({ path: `${path}&continue=${aged(first.object.metadata?.continue ?? '')}` })
    const rest = await cluster.request({ path: `${path}&continue=${expired.object.metadata?.continue}` })

    assert.deepEqual([expired.status, expired.object.reason], [410, 'Expired'])
    assert.match(
      expired.object.message ?? '',
      /^The provided continue parameter is too old to display a consistent list result\./,
    )
    assert.deepEqual(namesOf(rest.object.items), ['two'])
  })

  test('an invalid continue token returns 400', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status } = await cluster.request({ path: `${secretsOf(namespace)}?limit=2&continue=e30` })

    assert.equal(status, 400)
  })

  test('an unsupported media type returns 406', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status } = await cluster.request({ path: secretsOf(namespace), accept: 'text/html' })

    assert.equal(status, 406)
  })

  test('a body over 3 MiB returns 413', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status } = await cluster.apply(
      namespace,
      secretWith('words', { data: { key: 'A'.repeat(3_200_000) } }),
      'pullpass',
    )

    assert.equal(status, 413)
  })
}

/** Secrets one (team a), two (team b) and three (no team). */
async function createThree(cluster: ContractCluster): Promise<string> {
  const namespace = await cluster.createNamespace()
  await cluster.apply(namespace, secretWith('one', {}, { labels: { team: 'a' } }), 'pullpass')
  await cluster.apply(namespace, secretWith('two', {}, { labels: { team: 'b' } }), 'pullpass')
  await cluster.apply(namespace, secretWith('three'), 'pullpass')
  return namespace
}

const namesOf = (items: readonly { metadata?: { name?: string } }[] | undefined): (string | undefined)[] =>
  (items ?? []).map(({ metadata }) => metadata?.name)

const dataIn = (text: string): string => /"\.dockerconfigjson":"([^"]+)"/.exec(text)?.[1] ?? text

/** The token as if it had been issued at the first version: a real server keeps recent versions even after a compaction. */
function aged(token: string): string {
  const continuation: { rv: number } = JSON.parse(Buffer.from(token, 'base64url').toString())
  return Buffer.from(JSON.stringify({ ...continuation, rv: 1 })).toString('base64url')
}
