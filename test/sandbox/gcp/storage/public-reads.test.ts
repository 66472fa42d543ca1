import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bucket, name, objectPath, startStorage } from './start-storage.ts'

const viewer = { role: 'roles/storage.objectViewer', members: ['allUsers'] }

suite('an anonymous client', () => {
  const errorOf = (code: string, message: string, details = '') =>
    `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message>${details && `<Details>${details}</Details>`}</Error>`
  const denied = (permission: string) =>
    errorOf(
      'AccessDenied',
      'Access denied.',
      `Anonymous caller does not have ${permission} access to the Google Cloud Storage object. Permission '${permission}' denied on resource (or it may not exist).`,
    )

  test('is informed that an object or a bucket does not exist', async (t) => {
    const { read } = await startStorage(t)
    const object = await read('/example-issuers/other')
    const otherBucket = await read('/other/object')

    assert.deepEqual([object.status, object.body], [404, errorOf('NoSuchKey', 'The specified key does not exist.')])
    assert.deepEqual(
      [otherBucket.status, otherBucket.body],
      [404, errorOf('NoSuchBucket', 'The specified bucket does not exist.')],
    )
    assert.equal(object.headers.get('content-type'), 'application/xml; charset=UTF-8')
  })

  test('cannot read a private bucket, nor determine which objects exist', async (t) => {
    const { upload, read } = await startStorage(t, 'private')
    await upload('one')

    for (const path of [name, 'other']) {
      const { status, body } = await read(`/example-issuers/${path}`)
      assert.deepEqual([status, body], [403, denied('storage.objects.get')])
    }
    assert.equal((await read(`${objectPath}?alt=media`)).status, 401)
  })

  test('can read while the policy of the bucket allows it', async (t) => {
    const { upload, read, send } = await startStorage(t, 'private')
    await upload('one')
    const set = (bindings: object[]) => send('storage', `PUT ${bucket}/iam`, { body: { bindings } })
    const { body } = await set([viewer])
    assert.deepEqual(body, {
      kind: 'storage#policy',
      resourceId: 'projects/_/buckets/example-issuers',
      version: 1,
      etag: body.etag,
      bindings: [viewer],
    })
    assert.deepEqual((await send('storage', `GET ${bucket}/iam`)).body, body)
    assert.equal((await read(`/example-issuers/${name}`)).body, 'one')
    assert.equal((await send('storage', `PUT ${bucket}/iam`, { body: { bindings: [], etag: 'CAE=' } })).status, 412)
    await set([])
    assert.equal((await read(`/example-issuers/${name}`)).status, 403)
  })

  test('cannot read if public access is prevented, and the policy cannot allow it', async (t) => {
    const { google, upload, read, send } = await startStorage(t)
    google.store.putBucket('example-issuers', { access: 'public', publicAccessPrevention: 'enforced' })
    await upload('one')
    const { status, body } = await send('storage', `PUT ${bucket}/iam`, { body: { bindings: [viewer] } })

    assert.equal((await read(`/example-issuers/${name}`)).status, 403)
    assert.deepEqual(
      [status, body.error.message],
      [
        412,
        'The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.',
      ],
    )
  })

  test('may not write', async (t) => {
    const { send } = await startStorage(t)
    const { status, body } = await send('storage', 'PUT /example-issuers/x', { token: '', body: 'x' })

    assert.deepEqual([status, body], [403, denied('storage.objects.create')])
  })
})
