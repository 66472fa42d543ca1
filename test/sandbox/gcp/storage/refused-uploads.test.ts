import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from '../../../support/fast-check.ts'
import { bucket, multipart, name, objectPath, related, startStorage } from './start-storage.ts'

suite('an upload is refused', () => {
  test('if the bucket does not exist', async (t) => {
    const { google, upload, send } = await startStorage(t)
    google.store.removeBucket('example-issuers')
    const responses = [
      await upload('x'),
      await send('storage', `GET ${objectPath}`),
      await send('storage', `GET ${bucket}`),
    ]

    for (const { status, body } of responses)
      assert.deepEqual([status, body.error.message], [404, 'The specified bucket does not exist.'])
  })

  test('without a token, with an unknown token, and without the permission', async (t) => {
    const { google, upload, send, tokenOf } = await startStorage(t)
    const body = multipart({ name }, 'x')
    const anonymous = await send('storage', `POST /upload${bucket}/o?uploadType=multipart`, {
      body,
      headers: related,
      token: '',
    })
    const unauthorized = await upload('x', {}, tokenOf('user:other@example.com'))
    google.operators.withhold('storage.objects.create')

    const sentence =
      "does not have storage.objects.create access to the Google Cloud Storage object. Permission 'storage.objects.create' denied on resource (or it may not exist)."
    assert.deepEqual([anonymous.status, anonymous.body.error.message], [401, `Anonymous caller ${sentence}`])
    assert.deepEqual([unauthorized.status, unauthorized.body.error.message], [403, `other@example.com ${sentence}`])
    assert.equal((await upload('x', {}, 'ya29.x')).body.error.message, 'Invalid Credentials')
    assert.equal((await upload('x')).body.error.message, `operator@example.com ${sentence}`)
  })

  test('of an existing object, with permission only to create', async (t) => {
    const { google, upload, tokenOf } = await startStorage(t)
    const member = 'serviceAccount:publisher@example-project.iam.gserviceaccount.com'
    google.policies.allow('projects/_/buckets/example-issuers', 'roles/storage.objectCreator', member)

    assert.equal((await upload('one', {}, tokenOf(member))).status, 200)
    const { status, body } = await upload('two', {}, tokenOf(member))
    assert.equal(status, 403)
    assert.match(body.error.message, /does not have storage\.objects\.delete access/)
    google.policies.allow('projects/_/buckets/example-issuers', 'roles/storage.objectUser', member)
    assert.equal((await upload('two', {}, tokenOf(member))).status, 200)
  })

  for (const body of ['', 'x', '--b--', multipart({ name: '' }, 'x'), multipart({ name: 1 }, 'x'), '--b\r\n\r\n{}'])
    test(`with the body ${JSON.stringify(body.slice(0, 12))}…`, async (t) => {
      const { send } = await startStorage(t)
      const response = await send('storage', `POST /upload${bucket}/o?uploadType=multipart`, { body, headers: related })

      assert.equal(response.status, 400)
    })

  test('or accepted, for any body', async (t) => {
    const { google } = await startStorage(t)
    const request = { method: 'POST', path: `/upload${bucket}/o`, signal: AbortSignal.abort() }
    const token = google.grantToken({
      member: 'user:operator@example.com',
      scopes: ['https://www.googleapis.com/auth/cloud-platform'],
      expiresAt: new Date('2026-11-25T00:00:00Z'),
    })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'multipart/related; boundary="b"' }
    const query = new URLSearchParams('uploadType=multipart')
    const piece = fc.constantFrom('--b', '\r\n', '--', '{"name":"x"}', 'Content-Type: text/plain', 'x')
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((all) => all.join('')),
        ),
        async (text) => {
          const { status } = await google.storage({ ...request, query, headers, body: Buffer.from(text) })
          assert.ok(status === 200 || status === 400)
        },
      ),
    )
  })
})
