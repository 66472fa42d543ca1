/**
 * What pullpass makes of a cluster's keys, read by other people's clients: jose, and a kube-apiserver of another cluster
 * (by go-oidc), each over https, each verifying a token of that cluster.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type CertificateAuthority, createCertificateAuthority } from '../sandbox/serve/certificate-authority.ts'
import type { SandboxAnswer } from '../sandbox/serve/handler.ts'
import { type Part, servePart } from '../sandbox/serve/serve-part.ts'
import { readClusterIssuer } from '../src/issuer/cluster/read-cluster-issuer.ts'
import { buildDocuments } from '../src/issuer/documents/build-documents.ts'
import { documentPaths } from '../src/issuer/documents/publish-target.ts'
import { connect } from '../src/kubernetes/connect.ts'
import { testOutside } from '../test/support/test-outside.ts'
import { requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { startPart } from './parts/ground/start-part.ts'
import { type RealPart, withRealPart } from './parts/real-part.ts'
import { type ControlPlane, startControlPlane } from './parts/start-control-plane.ts'

interface Published extends RealPart {
  /** Whose tokens carry the issuer. */
  readonly signing: ControlPlane
  /** Which believes it. */
  readonly reading: ControlPlane
  readonly issuer: string
  readonly authority: CertificateAuthority
  readonly part: Part
}

const audience = 'https://images.example.com'

const startPublished = (): Promise<Published> =>
  startPart('published', async ({ folder, defer, use }) => {
    const authority = await createCertificateAuthority()
    const served = new Map<string, SandboxAnswer>()
    const handler = ({ path }: { path: string }) => served.get(path) ?? { status: 404 }
    const part = await servePart({ handler, tls: { authority, http2: 'absent' } })
    defer(part.close)
    const issuer = `${part.url}/cluster-1`
    const authenticationFile = join(folder, 'authentication.json')
    const jwt = {
      issuer: { url: issuer, audiences: [audience], certificateAuthority: authority.ca },
      claimMappings: { username: { claim: 'sub', prefix: 'federated:' } },
    }
    const kind = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' }
    await writeFile(authenticationFile, JSON.stringify({ ...kind, jwt: [jwt] }))
    const signing = await use(startControlPlane({ issuer, controllers: 'all' }))
    await publish(signing, issuer, served)
    const reading = await use(startControlPlane({ flags: [`--authentication-config=${authenticationFile}`] }))
    return { signing, reading, issuer, authority, part }
  })

/** As issuer publish does: read from the cluster, built, never copied. */
async function publish(plane: ControlPlane, issuer: string, served: Map<string, SandboxAnswer>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-issuer-readers-'))
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, plane.kubeconfig, { mode: 0o600 })
  const cluster = await connect({ kubeconfig }, testOutside())
  try {
    const { keys } = await readClusterIssuer(cluster)
    const documents = buildDocuments(issuer, keys)
    for (const name of ['jwks', 'discovery'] as const) {
      const { text: body, contentType, cacheControl } = documents[name]
      const headers = { 'content-type': contentType, 'cache-control': cacheControl }
      served.set(`${new URL(issuer).pathname}/${documentPaths[name]}`, { status: 200, headers, body })
    }
  } finally {
    await cluster.close()
    await rm(folder, { recursive: true })
  }
}

async function mint(plane: ControlPlane): Promise<string> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
  const body = { spec: { audiences: [audience], expirationSeconds: 600 } }
  const answer: { status: { token: string } } = JSON.parse(
    (await requestKubernetes(plane, { method: 'POST', path, body })).body,
  )
  return answer.status.token
}

await withRealPart('two control planes', startPublished, ({ signing, reading, issuer, authority, part }) => {
  suite('what pullpass publishes of a real cluster is read', () => {
    let token: string
    before(async () => {
      setDefaultCACertificates([authority.ca])
      token = await mint(signing)
    })
    after(() => setDefaultCACertificates([]))

    test('by jose, which finds the keys by the discovery document', async () => {
      const discovery = await fetch(`${issuer}/.well-known/openid-configuration`)
      const { jwks_uri: keysAt }: { jwks_uri: string } = Object(await discovery.json())
      const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(keysAt)), { issuer, audience })
      assert.equal(payload.sub, 'system:serviceaccount:default:default')
    })

    test('by a kube-apiserver of another cluster, which knows the account by it', async () => {
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
      const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
      const asFederated = { ...reading, adminToken: token }
      // It reads the issuer's documents in the background, and tries again every few seconds until it has them.
      for (let left = 30; ; left--) {
        const { status, body } = await requestKubernetes(asFederated, { method: 'POST', path, body: kind })
        if (status === 401 && left > 0) {
          await new Promise((resolve) => setTimeout(resolve, 1000))
          continue
        }
        assert.equal(status, 201, body)
        const { status: said }: { status: { userInfo: { username: string } } } = JSON.parse(body)
        assert.equal(said.userInfo.username, 'federated:system:serviceaccount:default:default')
        break
      }
      assert.ok(part.seen.some(({ path: asked, status }) => asked === '/cluster-1/openid/v1/jwks' && status === 200))
    })
  })
})
