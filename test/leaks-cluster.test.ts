import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import { PullpassError } from '../src/errors/pullpass-error.ts'
import { connect } from '../src/kubernetes/connect.ts'
import { documentText } from './support/document-text.ts'
import { fakeContext } from './support/fake-context.ts'
import { plantSecrets, seedScriptSecret, setStsResponse } from './support/plant-secrets.ts'
import { searchClusterResponses } from './support/search-responses.ts'

suite('no secret is shown by commands for the cluster', () => {
  test('whatever the API server returns', async (t) => {
    // Every encoding with every status: leaks.matrix.test.ts.
    const isEncoded = (spelling: string, status: number) => status === 403 && /base64|URL/.test(spelling)
    await searchClusterResponses(t, (spelling, status) => spelling === 'raw' || isEncoded(spelling, status))
  })

  test('nor for a requested token', async (t) => {
    const { sandbox, run, secrets } = await plantSecrets(t)
    const { faults } = sandbox.parts.kubernetes
    const more = '  serviceAccountRef: {namespace: image-system, name: pullpass}'
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { more }))
    const options = { namespace: 'image-system', name: 'pullpass', lifeSeconds: 600 }
    const token = await sandbox.cluster.signServiceAccountToken({ ...options, audiences: ['requested'] })
    secrets.plant('the requested token', token)
    const isRequest = { when: ({ method }: { method: string }) => method === 'POST' }
    for (const body of [
      { status: { token, expirationTimestamp: '2026-11-24T13:00:00Z' } },
      { status: { token, expirationTimestamp: token } },
      { status: { token: `${token}.${token}`, expirationTimestamp: '2026-11-24T13:00:00Z' } },
      `{"status": {"token": "${token}`,
    ]) {
      faults.inject({ kind: 'response', response: { status: 201, body } }, isRequest)
      setStsResponse(sandbox.gcp.parts, { status: 400, body: { error: 'invalid_grant', error_description: token } })
      assert.equal((await run('a requested token', ['refresh', '-f', file])).exitCode, 1)
      faults.clear()
    }
    await run('inspect serviceaccount', ['inspect', 'serviceaccount', 'image-system/pullpass'])
  })

  test('nor by inspect', async (t) => {
    const { sandbox, run, subjectToken } = await plantSecrets(t)
    seedScriptSecret(sandbox, 'team-a')
    await run('inspect FILE', ['inspect', sandbox.folder.tokenFile])
    await run('inspect -', ['inspect', '-'], { input: subjectToken })
    await run('inspect two tokens', ['inspect', '-'], { input: `${subjectToken}.${subjectToken}` })
    await run('inspect half a token', ['inspect', '-'], { input: subjectToken.slice(0, 200) })
    await run('inspect a word', ['inspect', subjectToken])
    await run('inspect secret', ['inspect', 'secret', 'team-a/regcred'])
    await run('inspect secret', ['inspect', 'secret', 'team-a/regcred', '--image', 'europe-docker.pkg.dev/a/b:1'])
  })

  test('nor by objects that are printed with inspect or as JSON', async (t) => {
    const { sandbox, secrets } = await plantSecrets(t)
    const context = fakeContext({ environment: sandbox.environment })
    const cluster = await connect({}, context)
    await cluster.request({ method: 'GET', path: '/version' })
    await sandbox.parts.kubernetes.close()
    const error = await cluster.request({ method: 'GET', path: '/version' }).catch((reason: unknown) => reason)
    assert.ok(error instanceof PullpassError)
    for (const [name, value] of Object.entries({ context, cluster, error })) {
      secrets.assertAbsent(inspect(value, { depth: null, showHidden: true }), name)
      secrets.assertAbsent(JSON.stringify(value) ?? '', name)
    }
    await cluster.close()
  })
})
