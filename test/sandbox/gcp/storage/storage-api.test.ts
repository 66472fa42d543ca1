import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bucket, multipart, name, objectPath, related, startStorage } from './start-storage.ts'

const precondition = 'At least one of the pre-conditions you specified did not hold.'

suite('Cloud Storage', () => {
  test('stores uploads, and serves them to anonymous clients with their metadata', async (t) => {
    const { upload, send, read } = await startStorage(t)
    const { status, body } = await upload('{"keys":[]}')

    assert.equal(status, 200)
    assert.deepEqual(
      [body.name, body.bucket, body.size, body.contentType, body.cacheControl, body.metageneration],
      [name, 'example-issuers', '11', 'application/jwk-set+json', 'public, max-age=300', '1'],
    )
    assert.equal(body.md5Hash, 'bBCQlLyauJ4FD70+LKa5ng==')
    assert.match(body.generation, /^1795521600\d{6}$/)
    assert.deepEqual((await send('storage', `GET ${objectPath}`)).body, body)

    const response = await read(`/example-issuers/${name}`)
    assert.equal(response.body, '{"keys":[]}')
    assert.equal(response.headers.get('content-type'), 'application/jwk-set+json')
    assert.equal(response.headers.get('cache-control'), 'public, max-age=300')
    const media = await send('storage', `GET ${objectPath}?alt=media`)
    assert.deepEqual([media.body, media.headers.get('x-goog-generation')], ['{"keys":[]}', body.generation])
  })

  test('serves public objects without Cache-Control with a max-age of an hour', async (t) => {
    const { google, read } = await startStorage(t)
    google.store.put('example-issuers', 'plain', { contentType: 'text/plain', body: 'x' })

    assert.equal((await read('/example-issuers/plain')).headers.get('cache-control'), 'public, max-age=3600')
  })

  test('stores bytes unchanged, line ends and binary content', async (t) => {
    const { google, send } = await startStorage(t)
    const body = multipart({ name: 'bytes' }, '\r\n\r\n--a\r\n\u00e9\u0000', 'application/octet-stream')
    await send('storage', `POST /upload${bucket}/o?uploadType=multipart`, { body, headers: related })

    assert.deepEqual(google.store.find('example-issuers', 'bytes')?.bytes, Buffer.from('\r\n\r\n--a\r\né\0'))
  })

  test('creates and replaces with preconditions on generations', async (t) => {
    const { upload, read } = await startStorage(t)
    const first = await upload('one', { ifGenerationMatch: '0' })
    const second = await upload('two', { ifGenerationMatch: '0' })
    assert.deepEqual(second.body.error, {
      code: 412,
      message: precondition,
      errors: [
        {
          message: precondition,
          domain: 'global',
          reason: 'conditionNotMet',
          locationType: 'header',
          location: 'If-Match',
        },
      ],
    })

    const { generation } = first.body
    const third = await upload('three', { ifGenerationMatch: generation })
    assert.ok(BigInt(third.body.generation) > BigInt(generation))
    assert.equal((await upload('four', { ifGenerationMatch: generation })).status, 412)
    assert.equal((await read(`/example-issuers/${name}`)).body, 'three')
  })

  test('accepts one of several concurrent writes', async (t) => {
    const { upload } = await startStorage(t)
    const statuses = (await Promise.all(['a', 'b', 'c'].map((text) => upload(text, { ifGenerationMatch: '0' })))).map(
      ({ status }) => status,
    )

    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [200, 412, 412],
    )
  })

  test('deletes with and without a precondition', async (t) => {
    const { upload, send } = await startStorage(t)
    const { generation } = (await upload('one')).body

    assert.equal((await send('storage', `DELETE ${objectPath}?ifGenerationMatch=1`)).status, 412)
    assert.equal((await send('storage', `DELETE ${objectPath}?ifGenerationMatch=${generation}`)).status, 204)
    const again = await send('storage', `DELETE ${objectPath}`)
    assert.deepEqual([again.status, again.body.error.message], [404, `No such object: example-issuers/${name}`])
  })

  test('reports that an object has not changed since a generation', async (t) => {
    const { upload, send } = await startStorage(t)
    const { generation } = (await upload('one')).body

    assert.equal((await send('storage', `GET ${objectPath}?ifGenerationNotMatch=${generation}`)).status, 304)
    assert.equal((await send('storage', `GET ${objectPath}?ifGenerationMatch=1`)).status, 412)
  })

  test('lists by prefix, folders by a delimiter, and page by page', async (t) => {
    const { google, send } = await startStorage(t)
    for (const one of ['one/a', 'one/b/c', 'two/a', 'one/a2'])
      google.store.put('example-issuers', one, { contentType: 'text/plain', body: '' })
    const list = async (query: string) => {
      const { items, prefixes, nextPageToken } = (await send('storage', `GET ${bucket}/o?${query}`)).body
      return { names: items?.map((item: { name: string }) => item.name), prefixes, nextPageToken }
    }

    assert.deepEqual(await list('prefix=one/&delimiter=/'), {
      names: ['one/a', 'one/a2'],
      prefixes: ['one/b/'],
      nextPageToken: undefined,
    })
    const { names, nextPageToken } = await list('maxResults=3')
    assert.deepEqual(names, ['one/a', 'one/a2', 'one/b/c'])
    assert.deepEqual((await list(`maxResults=3&pageToken=${nextPageToken}`)).names, ['two/a'])
    assert.deepEqual((await send('storage', `GET ${bucket}/o?prefix=three`)).body, { kind: 'storage#objects' })
  })

  test('returns the public access prevention of a bucket', async (t) => {
    const { send } = await startStorage(t)
    const { iamConfiguration } = (await send('storage', `GET ${bucket}`)).body

    assert.deepEqual(iamConfiguration, {
      publicAccessPrevention: 'inherited',
      uniformBucketLevelAccess: { enabled: true },
    })
  })
})
