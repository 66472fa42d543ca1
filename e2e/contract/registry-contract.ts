/**
 * A registry with token auth, as a pulling client uses it: the same cases run against the sandbox's registry and a real one.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, type TestContext, test } from 'node:test'

/** A running registry with one image, and the login that it accepts. */
export interface ContractRegistry {
  /** `http://HOST:PORT`. */
  readonly url: string
  readonly repository: string
  readonly tag: string
  readonly username: string
  readonly password: string
}

type Credential = Pick<ContractRegistry, 'username' | 'password'>

const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'
const absentDigest = `sha256:${'0'.repeat(64)}`

/** `start` is called once for each case; it registers its cleanup by `t.after`. */
export function registryContract(name: string, start: (t: TestContext) => Promise<ContractRegistry>): void {
  suite(`registry contract: ${name}`, () => {
    test('the API without a token returns 401 with a Bearer challenge that contains its realm', async (t) => {
      const registry = await start(t)
      const response = await fetch(`${registry.url}/v2/`)

      assert.equal(response.status, 401)
      assert.equal(response.headers.get('docker-distribution-api-version'), 'registry/2.0')
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm="https?:\/\/[^"]+"/)
      assert.equal(await errorCode(response), 'UNAUTHORIZED')
    })

    test('a manifest without a token returns 401 with the same realm', async (t) => {
      const registry = await start(t)
      const response = await fetch(manifestUrl(registry), { method: 'HEAD' })

      assert.equal(response.status, 401)
      assert.equal(challengeOf(response).get('realm'), challengeOf(await fetch(`${registry.url}/v2/`)).get('realm'))
    })

    test('the realm returns 401 for a wrong password', async (t) => {
      const registry = await start(t)
      const { username } = registry

      assert.equal((await requestToken(registry, { username, password: 'wrong' })).status, 401)
    })

    test('an anonymous token cannot read the manifest', async (t) => {
      const registry = await start(t)
      const response = await requestToken(registry, undefined)
      const token = response.ok ? tokenIn(await response.json()) : 'none'

      assert.ok([401, 403].includes((await read(manifestUrl(registry), token)).status))
    })

    test('the token of the realm is accepted by the API', async (t) => {
      const registry = await start(t)

      assert.equal((await read(`${registry.url}/v2/`, await pullToken(registry))).status, 200)
    })

    test('HEAD of a manifest returns its digest, type and length without a body', async (t) => {
      const registry = await start(t)
      const token = await pullToken(registry)
      const head = await read(manifestUrl(registry), token, 'HEAD')
      const whole = Buffer.from(await (await read(manifestUrl(registry), token)).arrayBuffer())

      assert.equal(head.status, 200)
      assert.equal(head.headers.get('docker-content-digest'), sha256(whole))
      assert.match(
        head.headers.get('content-type') ?? '',
        /^application\/vnd\.(oci\.image|docker\.distribution)\.manifest\./,
      )
      assert.equal(head.headers.get('content-length'), String(whole.length))
      assert.equal(await head.text(), '')
    })

    test('a manifest is the same by tag and by digest', async (t) => {
      const registry = await start(t)
      const token = await pullToken(registry)
      const byTag = await (await read(manifestUrl(registry), token)).text()
      const byDigest = await read(manifestUrl(registry, sha256(byTag)), token)

      assert.equal(await byDigest.text(), byTag)
    })

    test('config and layers have the digests and sizes of the manifest', async (t) => {
      const registry = await start(t)
      const token = await pullToken(registry)
      const manifest = Object(await (await read(manifestUrl(registry), token)).json())

      for (const { digest, size } of [manifest.config, ...manifest.layers]) {
        const blob = Buffer.from(await (await read(blobUrl(registry, digest), token)).arrayBuffer())
        assert.equal(blob.length, size)
        assert.equal(sha256(blob), digest)
      }
    })

    test('the tags of a repository are listed', async (t) => {
      const registry = await start(t)
      const response = await read(`${registry.url}/v2/${registry.repository}/tags/list`, await pullToken(registry))

      assert.deepEqual(await response.json(), { name: registry.repository, tags: [registry.tag] })
    })

    test('HEAD of a blob returns its length', async (t) => {
      const registry = await start(t)
      const token = await pullToken(registry)
      const { config } = Object(await (await read(manifestUrl(registry), token)).json())
      const head = await read(blobUrl(registry, config.digest), token, 'HEAD')

      assert.equal(head.status, 200)
      assert.equal(head.headers.get('content-length'), String(config.size))
    })

    for (const absent of ['no-such-tag', absentDigest])
      test(`the missing manifest ${absent} returns 404 MANIFEST_UNKNOWN`, async (t) => {
        const registry = await start(t)
        const token = await pullToken(registry)
        const response = await read(manifestUrl(registry, absent), token)

        assert.equal((await read(manifestUrl(registry, absent), token, 'HEAD')).status, 404)
        assert.equal(response.status, 404)
        assert.equal(await errorCode(response), 'MANIFEST_UNKNOWN')
      })

    test('a missing blob returns 404 BLOB_UNKNOWN', async (t) => {
      const registry = await start(t)
      const response = await read(blobUrl(registry, absentDigest), await pullToken(registry))

      assert.equal(response.status, 404)
      assert.equal(await errorCode(response), 'BLOB_UNKNOWN')
    })

    test('a missing repository returns 404 for a token that may read it', async (t) => {
      const registry = await start(t)
      const absent = { ...registry, repository: `${registry.repository}-absent` }

      assert.equal((await read(manifestUrl(absent), await pullToken(absent))).status, 404)
    })

    test('a token for one repository is not accepted for another', async (t) => {
      const registry = await start(t)
      const token = await pullToken({ ...registry, repository: `${registry.repository}-other` })

      assert.ok([401, 403].includes((await read(manifestUrl(registry), token)).status))
    })

    test('an invalid token returns 401 with a challenge', async (t) => {
      const registry = await start(t)
      const response = await read(manifestUrl(registry), 'never-granted')

      assert.equal(response.status, 401)
      assert.notEqual(challengeOf(response).get('realm'), undefined)
    })
  })
}

const manifestUrl = ({ url, repository, tag }: ContractRegistry, reference: string = tag) =>
  `${url}/v2/${repository}/manifests/${reference}`

const blobUrl = ({ url, repository }: ContractRegistry, digest: string) => `${url}/v2/${repository}/blobs/${digest}`

const read = (url: string, token: string, method: 'GET' | 'HEAD' = 'GET') =>
  fetch(url, { method, headers: { authorization: `Bearer ${token}`, accept } })

/** As docker: realm and service from the challenge, Basic auth if there is a credential. */
async function requestToken(registry: ContractRegistry, credential: Credential | undefined): Promise<Response> {
  const challenge = challengeOf(await fetch(`${registry.url}/v2/`))
  const url = new URL(challenge.get('realm') ?? '')
  const service = challenge.get('service')
  if (service) url.searchParams.set('service', service)
  url.searchParams.set('scope', `repository:${registry.repository}:pull`)
  const basic = credential && Buffer.from(`${credential.username}:${credential.password}`).toString('base64')
  return fetch(url, basic ? { headers: { authorization: `Basic ${basic}` } } : {})
}

async function pullToken(registry: ContractRegistry): Promise<string> {
  const response = await requestToken(registry, registry)
  assert.equal(response.status, 200)
  return tokenIn(await response.json())
}

function tokenIn(body: unknown): string {
  const { token, access_token } = Object(body)
  return String(token ?? access_token)
}

function challengeOf(response: Response): Map<string, string> {
  const parameters = (response.headers.get('www-authenticate') ?? '').matchAll(/(\w+)="([^"]*)"/g)
  return new Map([...parameters].map(([, name = '', value = '']) => [name, value]))
}

const errorCode = async (response: Response) => Object(await response.json()).errors[0].code

const sha256 = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
