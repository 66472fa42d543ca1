import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGround } from './ground.ts'

const names = Array.from({ length: 60 }, (_, index) => `app-${String(index).padStart(4, '0')}`)

// With a thousand, and with the number of requests to the API server: many-namespaces.matrix.test.ts.
suite('over many namespaces, doctor', () => {
  test('shows what is well in a row, and a failure once with the namespaces that it affects', async (t) => {
    const { sandbox, pullpass, file, writeDocument, send } = await startGround(t)
    for (const name of names) sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    await writeDocument({ include: ['app-*'] })
    assert.equal((await pullpass(['refresh', '-f', file])).exitCode, 0)
    for (const name of ['app-0007', 'app-0042']) await send('DELETE', `/api/v1/namespaces/${name}/secrets/regcred`)
    const { stdout } = await pullpass(['doctor', '-f', file])
    assert.match(stdout, /^secret +failed +SECRET_NOT_FOUND: Secret regcred: 2 of 60$/m)
    assert.match(stdout, /^write +ok +Secret regcred: 20 of 20 tried: a refresh would write it$/m)
    assert.match(stdout, /^ {2}affects 2 namespaces: app-0007, app-0042$/m)
  })
})
