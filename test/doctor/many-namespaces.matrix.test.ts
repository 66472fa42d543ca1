import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Ground, startGround } from './ground.ts'

const names = Array.from({ length: 1000 }, (_, index) => `app-${String(index).padStart(4, '0')}`)

async function startWithMany(t: Parameters<typeof startGround>[0], include: readonly string[]): Promise<Ground> {
  const ground = await startGround(t)
  for (const name of names) ground.sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await ground.writeDocument({ include })
  const { exitCode, stderr } = await ground.pullpass(['refresh', '-f', ground.file])
  assert.equal(exitCode, 0, stderr)
  return ground
}

/** doctor, with the number of requests to the API server. */
async function examine({ sandbox, pullpass, file }: Ground, ...more: readonly string[]) {
  const { seen } = sandbox.parts.kubernetes
  const before = seen.length
  const { stdout } = await pullpass(['doctor', '-f', file, ...more])
  return { stdout, requests: seen.length - before }
}

const remove = async ({ send }: Ground, ...namespaces: readonly string[]) => {
  for (const name of namespaces) await send('DELETE', `/api/v1/namespaces/${name}/secrets/regcred`)
}

suite('over a thousand namespaces, doctor', () => {
  test('shows what is well in a row, and a failure once with the namespaces that it affects', async (t) => {
    const ground = await startWithMany(t, ['app-*'])
    await remove(ground, 'app-0007', 'app-0042')
    const { stdout, requests } = await examine(ground)
    assert.match(
      stdout,
      /^secret +ok +Secret regcred: 998 of 1000: valid until 2026-11-24T13:00:00Z, and kubelets can parse it$/m,
    )
    assert.match(stdout, /^secret +failed +SECRET_NOT_FOUND: Secret regcred: 2 of 1000$/m)
    assert.match(stdout, /^write +ok +Secret regcred: 20 of 20 tried: a refresh would write it$/m)
    assert.match(stdout, /^write +skipped +SAMPLED: Secret regcred: dry run in 20 of 1000 namespaces/m)
    assert.match(
      stdout,
      /^SECRET_NOT_FOUND \(secret\): .*\n {2}expected .*\n {2}affects 2 namespaces: app-0007, app-0042$/m,
    )
    assert.ok(stdout.split('\n').length <= 30, stdout)
    assert.ok(requests <= 50, `${requests} requests`)
    const { findings } = JSON.parse((await examine(ground, '-o', 'json')).stdout)
    assert.equal(findings.filter(({ hop }: { hop: string }) => hop === 'secret').length, 1000)
  })

  test('names of a cause that reaches many the first ten, and of many causes the first few', async (t) => {
    const ground = await startWithMany(t, ['app-*'])
    await remove(ground, ...names.slice(0, 500))
    for (const name of names.slice(500, 900)) {
      const path = `/api/v1/namespaces/${name}/secrets/regcred?fieldManager=by-${name}`
      const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') }
      await ground.send('PATCH', path, { data }, 'application/merge-patch+json')
    }
    const { stdout } = await examine(ground)
    assert.match(stdout, /^ {2}affects 500 namespaces: app-0000, .*, app-0009, and 490 more$/m)
    assert.match(stdout, /^secret +failed +SECRET_EDITED: Secret regcred: 400 of 1000$/m)
    assert.ok(stdout.split('\n').length <= 35, stdout)
  })

  test('reviews permissions for all of them in one request if they are cluster-wide', async (t) => {
    const ground = await startWithMany(t, names)
    const { stdout, requests } = await examine(ground)
    assert.match(stdout, /^rights +ok +5000 of 5000: allowed to this user$/m)
    assert.ok(requests <= 60, `${requests} requests`)
  })

  test('reviews each where they are not, and reports a missing one once', async (t) => {
    const ground = await startWithMany(t, names)
    const held = names.map((namespace) => ({
      verbs: ['list', 'create'],
      resources: ['secrets'],
      resourceNames: ['regcred'],
      namespace,
    }))
    ground.sandbox.cluster.authorization.permit('kubernetes-admin', [
      ...held,
      { verbs: ['list', 'patch'], resources: ['serviceaccounts'], resourceNames: ['default'] },
    ])
    const { stdout, requests } = await examine(ground)
    assert.match(stdout, /^rights +failed +PERMISSION_MISSING: patch secrets regcred: 1000 of 1000$/m)
    assert.match(stdout, /^ {2}affects 1000 namespaces: app-0000, .*, and 990 more$/m)
    assert.ok(stdout.split('\n').length <= 35, stdout)
    t.diagnostic(`${requests} requests`)
  })
})
