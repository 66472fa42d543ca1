import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { createGoogleCloud } from '../../../sandbox/gcp/google-cloud.ts'
import { createOciRegistry } from '../../../sandbox/registry/oci-registry.ts'
import { packImage } from '../../../sandbox/registry/pack-image.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'

const member = 'serviceAccount:puller@example-project.iam.gserviceaccount.com'
const repository = 'example-project/images/hello'

suite('registry of the sandbox', () => {
  async function start(t: TestContext, grantedScope = 'cloud-platform.read-only') {
    const clock = { now: new Date('2026-11-24T12:00:00Z') }
    const now = () => clock.now
    const gcp = createGoogleCloud({ now })
    gcp.repositories.put('projects/example-project/locations/europe/repositories/images')
    gcp.repositories.allowReading('example-project/images', member)
    const scopes = [`https://www.googleapis.com/auth/${grantedScope}`]
    const accessToken = gcp.grantToken({ member, scopes, expiresAt: new Date('2026-11-24T12:30:00Z') })
    const registry = createOciRegistry({ scheme: 'http', authenticate: gcp.authenticate, now })
    registry.putImage(repository, '1', packImage({ 'hello.txt': 'Hello\n' }))
    const part = await servePart({ handler: registry.handle })
    t.after(part.close)
    const requestToken = async ({ scope = `repository:${repository}:pull`, username = 'oauth2accesstoken' } = {}) => {
      const authorization = `Basic ${Buffer.from(`${username}:${accessToken}`).toString('base64')}`
      const response = await fetch(`${part.url}/v2/token?scope=${scope}`, { headers: { authorization } })
      return { status: response.status, body: Object(await response.json()) }
    }
    return { clock, gcp, part, requestToken }
  }

  test('the challenge is that of Artifact Registry: a realm on the requested host, and no service', async (t) => {
    const { part } = await start(t)
    const response = await fetch(`${part.url}/v2/${repository}/manifests/1`)

    assert.equal(response.headers.get('www-authenticate'), `Bearer realm="${part.url}/v2/token"`)
  })

  test('a pull token expires with its access token', async (t) => {
    const { clock, part, requestToken } = await start(t)
    const { body } = await requestToken()
    const read = () =>
      fetch(`${part.url}/v2/${repository}/manifests/1`, { headers: { authorization: `Bearer ${body.token}` } })

    assert.equal(body.expires_in, 1800)
    assert.equal((await read()).status, 200)
    clock.now = new Date('2026-11-24T12:30:00Z')
    assert.equal((await read()).status, 401)
    assert.equal((await requestToken()).status, 401)
  })

  test('without read permission the request is denied, whether or not the repository exists', async (t) => {
    const { gcp, requestToken } = await start(t)
    const { status, body } = await requestToken({ scope: 'repository:example-project/secrets/hello:pull' })
    gcp.repositories.denyReading('example-project/images', member)

    assert.equal(status, 403)
    assert.equal(body.errors[0].code, 'DENIED')
    assert.equal((await requestToken()).status, 403)
  })

  test('an access token without a scope that covers pulling is denied', async (t) => {
    const { requestToken } = await start(t, 'iam')

    assert.equal((await requestToken()).status, 403)
  })

  test('a user name other than oauth2accesstoken is refused', async (t) => {
    const { requestToken } = await start(t)
    const { status, body } = await requestToken({ username: '_json_key' })

    assert.equal(status, 401)
    assert.equal(body.errors[0].code, 'UNAUTHORIZED')
  })

  test('a request without a credential is denied at the realm', async (t) => {
    const { part } = await start(t)

    assert.equal((await fetch(`${part.url}/v2/token?scope=repository:${repository}:pull`)).status, 403)
  })

  test('several scopes are granted together', async (t) => {
    const { part, requestToken } = await start(t)
    const scope = `repository:${repository}:push,pull repository:example-project/images/other:pull`
    const { body } = await requestToken({ scope })
    const authorization = `Bearer ${body.token}`

    assert.equal((await fetch(`${part.url}/v2/${repository}/manifests/1`, { headers: { authorization } })).status, 200)
    const absent = await fetch(`${part.url}/v2/example-project/images/other/manifests/1`, {
      headers: { authorization },
    })
    assert.equal(absent.status, 404)
    assert.equal(Object(await absent.json()).errors[0].code, 'NAME_UNKNOWN')
  })

  test('writes are refused', async (t) => {
    const { part, requestToken } = await start(t)
    const { body } = await requestToken()
    const response = await fetch(`${part.url}/v2/${repository}/blobs/uploads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${body.token}` },
    })

    assert.equal(response.status, 405)
  })
})
