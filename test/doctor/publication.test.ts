import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { runPullpass } from '../support/run-pullpass.ts'
import { startGround } from './ground.ts'

const issuer = (publishTo: string) => `  issuer: {publishTo: "${publishTo}"}`

suite('doctor, of a document that names its publication,', () => {
  test('reports what refresh would report of a bucket with a typo in its name, and the right one', async (t) => {
    const { sandbox, file, pullpass, writeDocument } = await startGround(t)
    await writeDocument({ more: issuer('gs://example-clust') })
    const refresh = await pullpass(['refresh', '-f', file])
    const doctor = await pullpass(['doctor', '-f', file])
    const other = sandbox.cluster.issuer.replace(/example-cluster$/, 'example-clust')
    assert.match(refresh.stderr, /^TOKEN_ISSUER_MISMATCH \(subject-token\)/)
    assert.match(doctor.stdout, /^publish +failed +TOKEN_ISSUER_MISMATCH: gs:\/\/example-clust$/m)
    assert.match(doctor.stdout, /^exchange +skipped +because of publish: TOKEN_ISSUER_MISMATCH$/m)
    const fix = `  fix: the cluster issues tokens as ${sandbox.cluster.issuer}: set spec.issuer.publishTo to gs://example-cluster; or, to change the issuer of the cluster: pullpass issuer show --to-issuer ${other}\n`
    assert.ok(doctor.stdout.endsWith(fix), doctor.stdout)
    assert.deepEqual([refresh.exitCode, doctor.exitCode], [1, 1])
  })

  test('reports one publication once, however many registries wait for it', async (t) => {
    const { file, pullpass } = await startGround(t, { more: issuer('gs://example-cluster') })
    const { stdout } = await pullpass(['doctor', '-f', file])
    assert.match(
      stdout,
      /^publish +ok +gs:\/\/example-cluster: key "[\w-]{43}", which signed the token, is published there$/m,
    )
    assert.match(stdout, /\nNo problems found\.\n$/)
  })

  test('publishes nothing itself', async (t) => {
    const { sandbox, file, pullpass } = await startGround(t, { more: issuer('gs://example-cluster') })
    sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
    await sandbox.writeToken()
    const jwks = () => sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')?.generation
    const before = jwks()
    const { stdout, exitCode } = await pullpass(['doctor', '-f', file])
    assert.match(stdout, /^publish +warning +KEY_UNPUBLISHED: gs:\/\/example-cluster: key /m)
    assert.match(stdout, /^write +skipped +because of publish: KEY_UNPUBLISHED$/m)
    assert.deepEqual([exitCode, jwks()], [0, before])
  })

  test('does not know from a laptop what the pod may publish that refreshes', async (t) => {
    const { sandbox, file } = await startGround(t, {
      more: `  serviceAccountRef: {namespace: image-system, name: pullpass}\n${issuer('gs://example-cluster')}`,
    })
    await rm(sandbox.folder.tokenFile)
    sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
    sandbox.cluster.authorization.forbid({ verbs: ['get'], resources: ['configmaps'] })
    const environment = { PULLPASS_TOKEN_FILE: undefined }
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file], { environment })
    assert.match(
      stdout,
      /^publish +skipped +NOT_READABLE: .*whether the pod that refreshes may publish it cannot be checked here/m,
    )
    assert.match(stdout, /^key +failed +KEY_UNPUBLISHED/m)
    assert.match(stdout, /^exchange +skipped +because of publish: NOT_READABLE$/m)
  })

  test('exchanges no token while the cluster is unreachable, because the key may be unpublished', async (t) => {
    const { sandbox, file, pullpass } = await startGround(t, { more: issuer('gs://example-cluster') })
    const exchanges = sandbox.gcp.parts.sts.seen.length
    sandbox.parts.kubernetes.faults.inject({ kind: 'reset', at: 'request' })
    const { stdout, exitCode } = await pullpass(['doctor', '-f', file])
    assert.match(stdout, /^cluster +failed +KUBERNETES_UNREACHABLE/m)
    for (const hop of ['publish', 'exchange', 'impersonation', 'registry'])
      assert.match(stdout, new RegExp(`^${hop} +skipped +because of cluster: KUBERNETES_UNREACHABLE$`, 'm'))
    assert.deepEqual([exitCode, sandbox.gcp.parts.sts.seen.length], [1, exchanges])
  })
})
