/**
 * A tenant with all rights to ConfigMaps in pullpass's namespace, and to EndpointSlices in `default`, adds a CA and an API server of
 * their own, at a real control plane without the policy deploy/root-ca: no key of theirs is published, and the watch says so.
 */
import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { createServer } from 'node:https'
import { suite, type TestContext, test } from 'node:test'
import { type CertificateAuthority, createCertificateAuthority } from '../sandbox/serve/certificate-authority.ts'
import { parseJwks, thumbprintOf } from '../src/oidc/keys.ts'
import { allowUser, type UserRule } from './parts/control-plane/allow-user.ts'
import { requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { generateSigningKey } from './parts/control-plane/write-key-files.ts'
import { startOwnNetwork } from './parts/ground/start-own-network.ts'
import { waitUntil } from './parts/ground/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'
import { kidOf } from './rotation/kid-of.ts'
import { type ReplicasStage, startReplicasStage } from './rotation/start-replicas-stage.ts'

const [own, further, foreign] = ['10.78.0.1', '10.78.0.2', '10.78.0.3'] as const
const port = 6443
const tenant = 'tenant'
const all = ['get', 'list', 'create', 'update', 'patch', 'delete']
const rights: readonly UserRule[] = [
  { verbs: all, resources: ['configmaps'], namespace: 'pullpass-system' },
  { verbs: all, apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], namespace: 'default' },
]
const rootCa = '/api/v1/namespaces/pullpass-system/configmaps/kube-root-ca.crt'
const [first, next, forged] = [generateSigningKey(), generateSigningKey(), generateSigningKey()]

const withNetwork = async () =>
  await withRealPart(
    'a network of its own',
    () => startOwnNetwork([own, further, foreign]),
    (network) => {
      test('a tenant’s CA and API server', async () => {
        const { exitCode, stdout, stderr } = await network.runTestFile(import.meta.filename)
        console.error(stdout, stderr)
        assert.equal(exitCode, 0)
      })
    },
  )

const jwkOf = (key: KeyObject) => ({ ...createPublicKey(key).export({ format: 'jwk' }), kid: kidOf(key), alg: 'RS256' })

/** Answers every client, as an API server, with the cluster's key and one of its own. */
async function serveForged(t: TestContext, authority: CertificateAuthority) {
  const { certificate, key } = await authority.issueServerCertificate(['kubernetes.default.svc'])
  const seen: string[] = []
  const server = createServer({ cert: certificate, key }, (request, response) => {
    seen.push(`${request.url} ${request.headers.authorization === undefined ? 'without' : 'with'} a credential`)
    const jwks = { keys: [jwkOf(first), jwkOf(forged)] }
    const discovery = {
      issuer: 'https://oidc.example.com/cluster-1',
      jwks_uri: `https://${foreign}:${port}/openid/v1/jwks`,
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(request.url === '/openid/v1/jwks' ? jwks : discovery))
  })
  await new Promise<void>((resolve) => server.listen(port, foreign, resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return seen
}

async function withControlPlane() {
  const listen = { address: own, port }
  const keys = { signing: first, verifying: [first] }
  const start = () => startReplicasStage({ listen, keys, users: [tenant] })
  const looked = async (stage: ReplicasStage, looks: number) => {
    const before = (await stage.metric('rounds_total')) ?? 0
    const isLater = async () => ((await stage.metric('rounds_total')) ?? 0) >= before + looks || undefined
    await waitUntil(`${looks} looks`, 90_000, isLater)
  }
  /** `text`: of several alarms with this reason, the one to wait for. The stage's own bundle has two CAs, which is one. */
  const alarm = async (stage: ReplicasStage, reason: string, text = '') =>
    await waitUntil(`${reason} ${text}`, 60_000, async () => {
      const lines = (await stage.readiness()).split('\n')
      return lines.find((line) => line.startsWith(`${reason}: `) && line.includes(text))
    })

  await withRealPart('a control plane', start, (stage) => {
    suite('a tenant who may write ConfigMaps and EndpointSlices', () => {
      test('has no key published, before or after a restart of the watch, and is sent no credential', async (t) => {
        const isOut = async () => (await stage.published()).length === 1 || undefined
        await waitUntil('the first key', 60_000, isOut)
        const token = stage.plane.userTokens.get(tenant) ?? ''
        await allowUser(stage.plane, { name: tenant, token }, rights)
        const authority = await createCertificateAuthority()
        const seen = await serveForged(t, authority)
        const bundle = `${await stage.bundle()}\n${authority.ca}`
        const asTenant = { ...stage.plane, adminToken: token }
        const patch = { immutable: true, data: { 'ca.crt': bundle } }
        const contentType = 'application/merge-patch+json'
        const changed = await requestKubernetes(asTenant, { method: 'PATCH', path: rootCa, contentType, body: patch })
        assert.equal(changed.status, 200, changed.body)
        await waitUntil('the bundle in the Pod', 30_000, async () => (await stage.bundle()) === bundle || undefined)
        await stage.list(foreign, port, token)
        assert.match(
          await alarm(stage, 'AUTHORITY_CHANGED', 'since pullpass started'),
          /was changed since pullpass started \(added [0-9A-F:]{95}\)/,
        )
        assert.match(await alarm(stage, 'API_SERVER_UNREADABLE'), /CERTIFICATE_UNTRUSTED: .*10\.78\.0\.3:6443/)
        await looked(stage, 2)
        assert.deepEqual(await stage.published(), [kidOf(first)])
        await stage.restartWatch()
        assert.match(
          await alarm(stage, 'AUTHORITY_CHANGED', 'another CA'),
          /has another CA than those that are recorded or accepted/,
        )
        assert.deepEqual(await stage.published(), [kidOf(first)])
        assert.deepEqual(seen, [])
      })
    })

    suite('an API server of the cluster at a new address', () => {
      test('with a key that the known one lacks: an alarm, and it is published once an operator accepts it', async () => {
        const replica = await stage.startReplica({
          listen: { address: further, port },
          keys: { signing: next, verifying: [next, first] },
        })
        const says = await alarm(stage, 'KEY_UNCONFIRMED')
        const [key] = parseJwks(JSON.stringify({ keys: [jwkOf(next)] })) ?? []
        assert.ok(key)
        assert.ok(says.includes(`"${kidOf(next)}" is served by https://${further}:${port} alone`), says)
        assert.ok(says.includes(`--accept-key=${thumbprintOf(key)}`), says)
        assert.deepEqual(await stage.published(), [kidOf(first)])
        await stage.restartWatch(`--accept-key=${thumbprintOf(key)}`)
        const areOut = async () => (await stage.published()).includes(kidOf(next)) || undefined
        await waitUntil('the accepted key', 60_000, areOut)
        await replica.stop()
      })
    })
  })
}

await (process.env['PULLPASS_OWN_NETWORK'] === undefined ? withNetwork() : withControlPlane())
