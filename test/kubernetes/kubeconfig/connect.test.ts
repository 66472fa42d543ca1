import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import type { SandboxRequest } from '../../../sandbox/serve/handler.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { connect } from '../../../src/kubernetes/connect.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { startTcpForwarder } from '../../support/tcp-forwarder.ts'
import {
  type ConnectEnvironment,
  type ConnectSettings,
  kubeconfig,
  prepare,
  receivedIdentity,
} from './connect-environment.ts'

async function writePod({ folder, ca, part }: ConnectEnvironment) {
  const podFolder = join(folder, 'pod')
  await mkdir(podFolder)
  await writeFile(join(podFolder, 'token'), 'pod-token\n')
  await writeFile(join(podFolder, 'ca.crt'), ca)
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(part.port) }
  return { podFolder, environment }
}

suite('the cluster is', () => {
  test('the one of --kubeconfig, before KUBECONFIG, before the pod’s own, before ~/.kube/config', async (t) => {
    const ground = await prepare(t)
    const flag = await ground.write('flag', kubeconfig(ground, { flag: { token: 'flag-token' } }))
    const variable = await ground.write('variable', kubeconfig(ground, { variable: { token: 'variable-token' } }))
    await mkdir(join(ground.folder, '.kube'))
    await ground.write('.kube/config', kubeconfig(ground, { home: { token: 'home-token' } }))
    const pod = await writePod(ground)

    const home = { HOME: ground.folder }
    const inPod = { ...home, ...pod.environment }
    const received = async (more: ConnectSettings) => await receivedIdentity(t, { ...pod, ...more })
    assert.deepEqual(await received({ kubeconfig: flag, environment: { ...inPod, KUBECONFIG: variable } }), {
      authorization: 'Bearer flag-token',
    })
    assert.deepEqual(await received({ environment: { ...inPod, KUBECONFIG: variable } }), {
      authorization: 'Bearer variable-token',
    })
    assert.deepEqual(await received({ environment: inPod }), { authorization: 'Bearer pod-token' })
    assert.deepEqual(await received({ environment: home }), { authorization: 'Bearer home-token' })
  })

  test('reported with the paths that were read, if there is none', async () => {
    await assert.rejects(connect({}, fakeContext({ environment: { HOME: '/absent' } }), '/absent'), {
      code: 'KUBECONFIG_INVALID',
      seen: 'no kubeconfig exists: the default is /absent/.kube/config',
    })
    await assert.rejects(connect({}, fakeContext({ environment: { KUBECONFIG: '/a:/b' } }), '/absent'), {
      code: 'KUBECONFIG_INVALID',
      seen: 'no kubeconfig exists: KUBECONFIG names /a, /b',
    })
    await assert.rejects(connect({ kubeconfig: '/absent' }, fakeContext()), {
      code: 'KUBECONFIG_INVALID',
      seen: '/absent does not exist',
    })
  })
})

suite('a connection', () => {
  test('for sequential requests is of HTTP/1.1, for concurrent ones of HTTP/2', async (t) => {
    const ground = await prepare(t)
    // HTTP/2 knows no such header (RFC 9113 §8.2.2).
    const handler = ({ headers }: SandboxRequest) => ({ status: 200, body: { kept: headers['connection'] } })
    const part = await servePart({ handler, tls: { authority: ground.authority, http2: 'offered' } })
    t.after(part.close)
    const path = await ground.write('config', kubeconfig(ground, { jane: { token: 'plain' } }, { server: part.url }))
    const kept = async (concurrency: 'one' | 'many') => {
      const cluster = await connect({ kubeconfig: path, concurrency }, fakeContext())
      t.after(() => cluster.close())
      const responses = [1, 2, 3].map(async () => (await cluster.request({ method: 'GET', path: '/' })).body)
      return await Promise.all(responses)
    }
    assert.deepEqual(await kept('one'), Array(3).fill('{"kept":"keep-alive"}'))
    assert.deepEqual(await kept('many'), Array(3).fill('{}'))
  })
})

suite('in a pod', () => {
  test('a token that the kubelet rotates is read again within a minute', async (t) => {
    const ground = await prepare(t)
    const { podFolder, environment } = await writePod(ground)
    const context = fakeContext({ environment })
    const cluster = await connect({}, context, podFolder)
    t.after(() => cluster.close())
    const who = async () => JSON.parse((await cluster.request({ method: 'GET', path: '/' })).body).authorization
    assert.equal(await who(), 'Bearer pod-token')
    await writeFile(join(podFolder, 'token'), 'next-token')
    assert.equal(await who(), 'Bearer pod-token')
    await context.sleep(60_000, context.signal)
    assert.equal(await who(), 'Bearer next-token')
  })

  test('a CA that is rotated is read for the next connection', async (t) => {
    const ground = await prepare(t)
    const next = await createCertificateAuthority()
    const handler = () => ({ status: 200, body: 'of the next certificate' })
    const part = await servePart({ handler, tls: { authority: next, http2: 'offered' } })
    t.after(part.close)
    const forwarder = await startTcpForwarder(t, ground.part.port)
    const { podFolder, environment } = await writePod(ground)
    const context = fakeContext({ environment: { ...environment, KUBERNETES_SERVICE_PORT: `${forwarder.port}` } })
    const cluster = await connect({}, context, podFolder)
    t.after(() => cluster.close())
    const get = async () => await cluster.request({ method: 'GET', path: '/' })
    await get()
    forwarder.leadTo(part.port)
    await assert.rejects(get, { code: 'CERTIFICATE_UNTRUSTED' })
    await writeFile(join(podFolder, 'ca.crt'), next.ca)
    assert.equal((await get()).body, 'of the next certificate')
  })

  test('an IPv6 address of the API server is put in brackets', async (t) => {
    const ground = await prepare(t)
    const { podFolder } = await writePod(ground)
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
    const cluster = await connect({}, fakeContext({ environment }), podFolder)
    t.after(() => cluster.close())
    assert.equal(cluster.server, 'https://[fd00::1]')
  })

  test('no proxy is used, whatever the environment contains', async (t) => {
    const pod = await writePod(await prepare(t))
    const environment = { ...pod.environment, HTTPS_PROXY: 'http://127.0.0.1:1' }
    assert.deepEqual(await receivedIdentity(t, { ...pod, environment }), { authorization: 'Bearer pod-token' })
  })

  test('a context cannot be chosen', async (t) => {
    const { podFolder, environment } = await writePod(await prepare(t))
    await assert.rejects(connect({ context: 'production' }, fakeContext({ environment }), podFolder), {
      code: 'KUBECONFIG_INVALID',
      seen: "--context production is given, but the cluster is this pod's own, which has no contexts",
    })
  })

  const spoiled = [
    [
      'an authority that contains no certificate',
      'ca.crt',
      'oops',
      'CA_FILE_INVALID',
      /ca\.crt contains no certificate$/,
    ],
    ['an empty token', 'token', '\n', 'TOKEN_FILE_UNREADABLE', /token is empty$/],
    ['a binary token', 'token', 'a\0b', 'TOKEN_FILE_UNREADABLE', /token contains no bearer token$/],
  ] as const
  for (const [title, file, content, code, seen] of spoiled) {
    test(`${title} is reported before anything is sent`, async (t) => {
      const ground = await prepare(t)
      const pod = await writePod(ground)
      await writeFile(join(pod.podFolder, file), content)
      await assert.rejects(receivedIdentity(t, pod), (fault: Error & { code?: string; seen?: string }) => {
        assert.equal(fault.code, code)
        assert.match(fault.seen ?? '', seen)
        return true
      })
      assert.deepEqual(ground.part.seen, [])
    })
  }
})
