import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { startGround } from './ground.ts'

const auth = (password: string) => Buffer.from(`oauth2accesstoken:${password}`).toString('base64')
const image = 'docker.io/example-project/images/hello:1'

/** Docker Hub, played by the sandbox's registry, and the proxy by which its name leads there. */
async function startHub(t: TestContext, sandbox: TestSandbox): Promise<Readonly<Record<string, string>>> {
  const tls = { authority: sandbox.authority, http2: 'offered', serverNames: ['registry-1.docker.io'] } as const
  const hub = await servePart({ handler: sandbox.images.handle, tls })
  t.after(hub.close)
  const proxy = createServer()
  proxy.on('connect', (_, client) => {
    const target = connect(hub.port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(client).pipe(target)
    })
    target.on('error', () => client.destroy())
    client.on('error', () => target.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  t.after(() => proxy.close())
  await once(proxy, 'listening')
  const address = proxy.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '127.0.0.1,localhost' }
}

/** A pod of the Hub's image, which names another pull secret first, with a credential under docker.io. */
async function diagnose(
  t: TestContext,
  { own, password }: { own: string; password: (sandbox: TestSandbox) => string },
) {
  const { sandbox, send, makePod, file } = await startGround(t, { hosts: [own], hostPolicy: 'Any' })
  const environment = await startHub(t, sandbox)
  const config = JSON.stringify({ auths: { 'docker.io': { auth: auth(password(sandbox)) } } })
  await send('POST', '/api/v1/namespaces/team-a/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'other' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
  })
  await send('DELETE', '/api/v1/namespaces/team-a/pods/web-0')
  await makePod({
    containers: [{ name: 'web', image }],
    imagePullSecrets: [{ name: 'other' }, { name: 'regcred' }],
  })
  const argv = ['doctor', '-f', file, '--pod', 'team-a/web-0']
  const { stdout, exitCode } = await runPullpass(sandbox, argv, { environment })
  return { stdout, exitCode }
}

const stale = () => 'ya29.of-last-week'
const good = ({ gcp, clock }: TestSandbox) =>
  gcp.grantToken({
    member: 'serviceAccount:puller@example-project.iam.gserviceaccount.com',
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    expiresAt: new Date(clock.now().getTime() + 600_000),
  })

suite("at Docker Hub, whose old key kubelets try only where no other fits, another pull secret's credential", () => {
  test('that is refused prevents the document’s from being used: doctor reports it, and how both are tried', async (t) => {
    const { stdout, exitCode } = await diagnose(t, { own: 'index.docker.io', password: stale })
    assert.match(stdout, /^pod-secrets +failed +OTHER_SECRET_SHADOWS: Secret team-a\/other$/m)
    assert.match(
      stdout,
      /^OTHER_SECRET_SHADOWS \(pod-secrets\): Secret team-a\/other: for docker\.io\/\S+ kubelets use its key docker\.io and never index\.docker\.io of regcred; it is refused: the token endpoint https:\/\/registry-1\.docker\.io\S* responded with 401/m,
    )
    assert.match(stdout, /^ {2}fix: use docker\.io instead of index\.docker\.io in hosts of the document/m)
    assert.equal(exitCode, 1)
  })

  test('that is taken does no harm', async (t) => {
    const { stdout, exitCode } = await diagnose(t, { own: 'index.docker.io', password: good })
    assert.match(stdout, /^pod-secrets +ok /m)
    assert.equal(exitCode, 0, stdout)
  })

  test('that is refused does no harm once the document names docker.io: both are tried', async (t) => {
    const { stdout, exitCode } = await diagnose(t, { own: 'docker.io', password: stale })
    assert.match(
      stdout,
      /^pod-secrets +ok +Secret team-a\/other: kubelets try it for docker\.io\/\S+ before regcred, and continue where it is refused$/m,
    )
    assert.equal(exitCode, 0, stdout)
  })
})
