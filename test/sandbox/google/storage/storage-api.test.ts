import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { startGoogle } from '../start-google.ts'

const bucket = '/storage/v1/b/example-issuers'
const name = 'one/openid/v1/jwks'
const objectPath = `${bucket}/o/${encodeURIComponent(name)}`
const related = { 'content-type': 'multipart/related; boundary=b' }
const viewer = { role: 'roles/storage.objectViewer', members: ['allUsers'] }

function multipart(metadata: object, content: string, type = 'application/jwk-set+json'): string {
  const part = (of: string, text: string) => `--b\r\nContent-Type: ${of}\r\n\r\n${text}\r\n`
  return `${part('application/json; charset=UTF-8', JSON.stringify(metadata))}${part(type, content)}--b--\r\n`
}

async function start(t: TestContext, access: 'public' | 'private' = 'public') {
  const started = await startGoogle(t)
  started.google.store.putBucket('example-issuers', { access })
  const { ask } = started
  const upload = (content: string, query: Record<string, string> = {}, token?: string) => {
    const parameters = new URLSearchParams({ uploadType: 'multipart', ...query }).toString()
    const call = `POST /upload${bucket}/o?${parameters}`
    const metadata = { name, contentType: 'application/jwk-set+json', cacheControl: 'public, max-age=300' }
    return ask('storage', call, { body: multipart(metadata, content), headers: related, ...(token && { token }) })
  }
  const read = (path: string) => ask('storage', `GET ${path}`, { token: '' })
  return { ...started, upload, read }
}

const precondition = 'At least one of the pre-conditions you specified did not hold.'

suite('Cloud Storage', () => {
  test('keeps what is uploaded, and anybody reads it as it was described', async (t) => {
    const { upload, ask, read } = await start(t)
    const { status, body } = await upload('{"keys":[]}')

    assert.equal(status, 200)
    assert.deepEqual(
      [body.name, body.bucket, body.size, body.contentType, body.cacheControl, body.metageneration],
      [name, 'example-issuers', '11', 'application/jwk-set+json', 'public, max-age=300', '1'],
    )
    assert.equal(body.md5Hash, 'bBCQlLyauJ4FD70+LKa5ng==')
    assert.match(body.generation, /^1795521600\d{6}$/)
    assert.deepEqual((await ask('storage', `GET ${objectPath}`)).body, body)

    const answer = await read(`/example-issuers/${name}`)
    assert.equal(answer.body, '{"keys":[]}')
    assert.equal(answer.headers.get('content-type'), 'application/jwk-set+json')
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=300')
    const media = await ask('storage', `GET ${objectPath}?alt=media`)
    assert.deepEqual([media.body, media.headers.get('x-goog-generation')], ['{"keys":[]}', body.generation])
  })

  test('lets what says nothing of caches be kept for an hour by anybody', async (t) => {
    const { google, read } = await start(t)
    google.store.put('example-issuers', 'plain', { contentType: 'text/plain', body: 'x' })

    assert.equal((await read('/example-issuers/plain')).headers.get('cache-control'), 'public, max-age=3600')
  })

  test('keeps bytes as they are, line ends and what is no text', async (t) => {
    const { google, ask } = await start(t)
    const body = multipart({ name: 'bytes' }, '\r\n\r\n--a\r\n\u00e9\u0000', 'application/octet-stream')
    await ask('storage', `POST /upload${bucket}/o?uploadType=multipart`, { body, headers: related })

    assert.deepEqual(google.store.find('example-issuers', 'bytes')?.bytes, Buffer.from('\r\n\r\n--a\r\né\0'))
  })

  test('creates only where nothing is, and replaces only what was read', async (t) => {
    const { upload, read } = await start(t)
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

  test('lets one of many writers win', async (t) => {
    const { upload } = await start(t)
    const statuses = (await Promise.all(['a', 'b', 'c'].map((text) => upload(text, { ifGenerationMatch: '0' })))).map(
      ({ status }) => status,
    )

    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [200, 412, 412],
    )
  })

  test('deletes what is there, and what was read', async (t) => {
    const { upload, ask } = await start(t)
    const { generation } = (await upload('one')).body

    assert.equal((await ask('storage', `DELETE ${objectPath}?ifGenerationMatch=1`)).status, 412)
    assert.equal((await ask('storage', `DELETE ${objectPath}?ifGenerationMatch=${generation}`)).status, 204)
    const again = await ask('storage', `DELETE ${objectPath}`)
    assert.deepEqual([again.status, again.body.error.message], [404, `No such object: example-issuers/${name}`])
  })

  test('says that nothing changed since a generation', async (t) => {
    const { upload, ask } = await start(t)
    const { generation } = (await upload('one')).body

    assert.equal((await ask('storage', `GET ${objectPath}?ifGenerationNotMatch=${generation}`)).status, 304)
    assert.equal((await ask('storage', `GET ${objectPath}?ifGenerationMatch=1`)).status, 412)
  })

  test('lists by prefix, folders by a delimiter, and page by page', async (t) => {
    const { google, ask } = await start(t)
    for (const one of ['one/a', 'one/b/c', 'two/a', 'one/a2'])
      google.store.put('example-issuers', one, { contentType: 'text/plain', body: '' })
    const list = async (query: string) => {
      const { items, prefixes, nextPageToken } = (await ask('storage', `GET ${bucket}/o?${query}`)).body
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
    assert.deepEqual((await ask('storage', `GET ${bucket}/o?prefix=three`)).body, { kind: 'storage#objects' })
  })

  test('says of a bucket whether it may be public', async (t) => {
    const { ask } = await start(t)
    const { iamConfiguration } = (await ask('storage', `GET ${bucket}`)).body

    assert.deepEqual(iamConfiguration, {
      publicAccessPrevention: 'inherited',
      uniformBucketLevelAccess: { enabled: true },
    })
  })
})

suite('an upload is refused', () => {
  test('where the bucket does not exist', async (t) => {
    const { google, upload, ask } = await start(t)
    google.store.removeBucket('example-issuers')
    const answers = [
      await upload('x'),
      await ask('storage', `GET ${objectPath}`),
      await ask('storage', `GET ${bucket}`),
    ]

    for (const { status, body } of answers)
      assert.deepEqual([status, body.error.message], [404, 'The specified bucket does not exist.'])
  })

  test('without a token, with one that nobody holds, and without the permission', async (t) => {
    const { google, upload, ask, tokenOf } = await start(t)
    const body = multipart({ name }, 'x')
    const anonymous = await ask('storage', `POST /upload${bucket}/o?uploadType=multipart`, {
      body,
      headers: related,
      token: '',
    })
    const stranger = await upload('x', {}, tokenOf('user:stranger@example.com'))
    google.operators.withhold('storage.objects.create')

    const sentence =
      "does not have storage.objects.create access to the Google Cloud Storage object. Permission 'storage.objects.create' denied on resource (or it may not exist)."
    assert.deepEqual([anonymous.status, anonymous.body.error.message], [401, `Anonymous caller ${sentence}`])
    assert.deepEqual([stranger.status, stranger.body.error.message], [403, `stranger@example.com ${sentence}`])
    assert.equal((await upload('x', {}, 'ya29.x')).body.error.message, 'Invalid Credentials')
    assert.equal((await upload('x')).body.error.message, `operator@example.com ${sentence}`)
  })

  test('of an object that is there, for who may only create', async (t) => {
    const { google, upload, tokenOf } = await start(t)
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
    test(`whose body is ${JSON.stringify(body.slice(0, 12))}… and so on`, async (t) => {
      const { ask } = await start(t)
      const answer = await ask('storage', `POST /upload${bucket}/o?uploadType=multipart`, { body, headers: related })

      assert.equal(answer.status, 400)
    })

  test('or taken, whatever its body is, and nothing breaks', async (t) => {
    const { google } = await start(t)
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

suite('a stranger', () => {
  const errorOf = (code: string, message: string, details = '') =>
    `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message>${details && `<Details>${details}</Details>`}</Error>`
  const denied = (permission: string) =>
    errorOf(
      'AccessDenied',
      'Access denied.',
      `Anonymous caller does not have ${permission} access to the Google Cloud Storage object. Permission '${permission}' denied on resource (or it may not exist).`,
    )

  test('learns that an object or a bucket is not there', async (t) => {
    const { read } = await start(t)
    const object = await read('/example-issuers/other')
    const elsewhere = await read('/other/object')

    assert.deepEqual([object.status, object.body], [404, errorOf('NoSuchKey', 'The specified key does not exist.')])
    assert.deepEqual(
      [elsewhere.status, elsewhere.body],
      [404, errorOf('NoSuchBucket', 'The specified bucket does not exist.')],
    )
    assert.equal(object.headers.get('content-type'), 'application/xml; charset=UTF-8')
  })

  test('reads nothing in a bucket that is not public, and does not learn what is in it', async (t) => {
    const { upload, read } = await start(t, 'private')
    await upload('one')

    for (const path of [name, 'other']) {
      const { status, body } = await read(`/example-issuers/${path}`)
      assert.deepEqual([status, body], [403, denied('storage.objects.get')])
    }
    assert.equal((await read(`${objectPath}?alt=media`)).status, 401)
  })

  test('reads as soon as the policy of the bucket says so, and no longer', async (t) => {
    const { upload, read, ask } = await start(t, 'private')
    await upload('one')
    const set = (bindings: object[]) => ask('storage', `PUT ${bucket}/iam`, { body: { bindings } })
    const { body } = await set([viewer])
    assert.deepEqual(body, {
      kind: 'storage#policy',
      resourceId: 'projects/_/buckets/example-issuers',
      version: 1,
      etag: body.etag,
      bindings: [viewer],
    })
    assert.deepEqual((await ask('storage', `GET ${bucket}/iam`)).body, body)
    assert.equal((await read(`/example-issuers/${name}`)).body, 'one')
    assert.equal((await ask('storage', `PUT ${bucket}/iam`, { body: { bindings: [], etag: 'CAE=' } })).status, 412)
    await set([])
    assert.equal((await read(`/example-issuers/${name}`)).status, 403)
  })

  test('reads nothing where public access is prevented, and nobody may allow it', async (t) => {
    const { google, upload, read, ask } = await start(t)
    google.store.putBucket('example-issuers', { access: 'public', publicAccessPrevention: 'enforced' })
    await upload('one')
    const { status, body } = await ask('storage', `PUT ${bucket}/iam`, { body: { bindings: [viewer] } })

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
    const { ask } = await start(t)
    const { status, body } = await ask('storage', 'PUT /example-issuers/x', { token: '', body: 'x' })

    assert.deepEqual([status, body], [403, denied('storage.objects.create')])
  })
})
