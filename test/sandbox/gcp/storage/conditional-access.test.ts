import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bucket, multipart, related, startStorage } from './start-storage.ts'

const member = 'serviceAccount:publisher@example-project.iam.gserviceaccount.com'
const resource = 'projects/_/buckets/example-issuers'
const prefix = 'resource.name.startsWith("projects/_/buckets/example-issuers/objects/one/")'

suite('a role on a bucket under an IAM condition', () => {
  async function start(t: Parameters<typeof startStorage>[0], expression: string) {
    const started = await startStorage(t, 'private')
    const condition = { title: 'issuer-path', expression }
    started.google.policies.write(resource, [{ role: 'roles/storage.objectUser', members: [member], condition }])
    const token = started.tokenOf(member)
    const put = async (name: string) => {
      const call = `POST /upload${bucket}/o?uploadType=multipart`
      return (await started.send('storage', call, { body: multipart({ name }, 'x'), headers: related, token })).status
    }
    const read = async (name: string) =>
      (await started.send('storage', `GET ${bucket}/o/${encodeURIComponent(name)}?alt=media`, { token })).status
    const list = async () => (await started.send('storage', `GET ${bucket}/o?prefix=one/`, { token })).status
    return { ...started, put, read, list, token }
  }

  test('applies to objects with the prefix, also to replace them, and to no others', async (t) => {
    const { google, put, read, send, token } = await start(t, prefix)
    google.store.put('example-issuers', 'two/jwks', { contentType: 'text/plain', body: 'theirs' })

    assert.deepEqual([await put('one/jwks'), await put('one/jwks'), await read('one/jwks')], [200, 200, 200])
    for (const name of ['two/jwks', 'one', 'one-more/jwks', 'x/one/jwks']) assert.equal(await put(name), 403, name)
    assert.equal(await read('two/jwks'), 403)
    const removal = `DELETE ${bucket}/o/${encodeURIComponent('two/jwks')}`
    assert.equal((await send('storage', removal, { token })).status, 403)
    assert.equal(google.store.find('example-issuers', 'two/jwks')?.bytes.toString(), 'theirs')
  })

  test('does not apply to a list, so that absent objects are refused like forbidden ones', async (t) => {
    const { read, list } = await start(t, prefix)
    assert.deepEqual([await list(), await read('one/absent')], [403, 403])
  })

  test('compares the bucket itself for a list', async (t) => {
    const { read, list } = await start(t, `resource.type == "storage.googleapis.com/Bucket" || ${prefix}`)
    assert.deepEqual([await list(), await read('one/absent'), await read('two/absent')], [200, 404, 403])
  })

  test('grants nothing if the condition is invalid', async (t) => {
    const { put } = await start(t, 'resource.title.startsWith("x")')
    assert.equal(await put('one/jwks'), 403)
  })

  test('cannot be granted to allUsers', async (t) => {
    const { send } = await startStorage(t)
    const condition = { title: 'issuer-path', expression: prefix }
    const bindings = [{ role: 'roles/storage.objectViewer', members: ['allUsers'], condition }]
    const { status } = await send('storage', `PUT ${bucket}/iam`, { body: { version: 3, bindings } })
    assert.equal(status, 400)
  })
})
