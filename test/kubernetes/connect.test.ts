import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { type CertificateAuthority, createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxRequest } from '../../sandbox/serve/handler.ts'
import { type Part, servePart } from '../../sandbox/serve/serve-part.ts'
import { type ClusterFlags, connect } from '../../src/kubernetes/connect.ts'
import { testOutside } from '../support/test-outside.ts'

interface Ground {
  readonly folder: string
  readonly part: Part
  readonly ca: string
  readonly authority: CertificateAuthority
  /** Writes a file and tells its path. */
  write(name: string, content: string | object): Promise<string>
}

/** A server that tells who asks, and a folder for files. */
async function prepare(t: TestContext): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-connect-'))
  t.after(() => rm(folder, { recursive: true }))
  const authority = await createCertificateAuthority()
  const handler = ({ headers, clientName }: SandboxRequest) => ({
    status: 200,
    body: { authorization: headers['authorization'], clientName, as: headers['impersonate-user'] },
  })
  const tls = { authority, http2: 'offered', clientCertificates: 'asked' } as const
  const part = await servePart({ handler, tls })
  t.after(part.close)
  return {
    folder,
    part,
    ca: authority.ca,
    authority,
    async write(name, content) {
      const path = join(folder, name)
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 })
      return path
    },
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A kubeconfig whose contexts differ by their users. */
const kubeconfig = ({ part, ca }: Ground, users: Record<string, object>, cluster: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': Object.keys(users)[0],
  clusters: [{ name: 'test', cluster: { server: part.url, 'certificate-authority-data': base64(ca), ...cluster } }],
  users: Object.entries(users).map(([name, user]) => ({ name, user })),
  contexts: Object.keys(users).map((name) => ({ name, context: { cluster: 'test', user: name } })),
})

interface Asked extends ClusterFlags {
  readonly environment?: Record<string, string>
  readonly podFolder?: string
}

/** What the server learns of whoever asks. */
async function whoAsks(t: TestContext, { environment = {}, podFolder, ...flags }: Asked): Promise<object> {
  const cluster = await connect(flags, testOutside({ environment }), podFolder ?? '/nowhere')
  t.after(() => cluster.close())
  return JSON.parse((await cluster.request({ method: 'GET', path: '/' })).body)
}

async function writePod({ folder, ca, part }: Ground) {
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
    const asked = async (more: Asked) => await whoAsks(t, { ...pod, ...more })
    assert.deepEqual(await asked({ kubeconfig: flag, environment: { ...inPod, KUBECONFIG: variable } }), {
      authorization: 'Bearer flag-token',
    })
    assert.deepEqual(await asked({ environment: { ...inPod, KUBECONFIG: variable } }), {
      authorization: 'Bearer variable-token',
    })
    assert.deepEqual(await asked({ environment: inPod }), { authorization: 'Bearer pod-token' })
    assert.deepEqual(await asked({ environment: home }), { authorization: 'Bearer home-token' })
  })

  test('missed with what was looked for, where there is none', async () => {
    await assert.rejects(connect({}, testOutside({ environment: { HOME: '/nowhere' } }), '/nowhere'), {
      code: 'KUBECONFIG_INVALID',
      seen: 'no kubeconfig is there: looked for /nowhere/.kube/config',
    })
    await assert.rejects(connect({}, testOutside({ environment: { KUBECONFIG: '/a:/b' } }), '/nowhere'), {
      code: 'KUBECONFIG_INVALID',
      seen: 'no kubeconfig is there: KUBECONFIG names /a, /b',
    })
    await assert.rejects(connect({ kubeconfig: '/nowhere' }, testOutside()), {
      code: 'KUBECONFIG_INVALID',
      seen: '/nowhere is not there',
    })
  })
})

suite('in a pod', () => {
  test('a token that the kubelet rotates is read anew within a minute', async (t) => {
    const ground = await prepare(t)
    const { podFolder, environment } = await writePod(ground)
    const outside = testOutside({ environment })
    const cluster = await connect({}, outside, podFolder)
    t.after(() => cluster.close())
    const who = async () => JSON.parse((await cluster.request({ method: 'GET', path: '/' })).body).authorization
    assert.equal(await who(), 'Bearer pod-token')
    await writeFile(join(podFolder, 'token'), 'next-token')
    assert.equal(await who(), 'Bearer pod-token')
    await outside.sleep(60_000, outside.signal)
    assert.equal(await who(), 'Bearer next-token')
  })

  test('an IPv6 address of the API server is put in brackets', async (t) => {
    const ground = await prepare(t)
    const { podFolder } = await writePod(ground)
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
    const cluster = await connect({}, testOutside({ environment }), podFolder)
    t.after(() => cluster.close())
    assert.equal(cluster.server, 'https://[fd00::1]')
  })

  test('no proxy is asked, whatever the environment says', async (t) => {
    const pod = await writePod(await prepare(t))
    const environment = { ...pod.environment, HTTPS_PROXY: 'http://127.0.0.1:1' }
    assert.deepEqual(await whoAsks(t, { ...pod, environment }), { authorization: 'Bearer pod-token' })
  })

  test('a context cannot be chosen', async (t) => {
    const { podFolder, environment } = await writePod(await prepare(t))
    await assert.rejects(connect({ context: 'production' }, testOutside({ environment }), podFolder), {
      code: 'KUBECONFIG_INVALID',
      seen: "--context production is given, but the cluster is this pod's own, which has no contexts",
    })
  })

  const spoiled = [
    ['an authority that holds no certificate', 'ca.crt', 'oops', 'CA_FILE_INVALID', /ca\.crt holds no certificate$/],
    ['an empty token', 'token', '\n', 'TOKEN_FILE_UNREADABLE', /token is empty$/],
    ['a binary token', 'token', 'a\0b', 'TOKEN_FILE_UNREADABLE', /token holds no bearer token$/],
  ] as const
  for (const [title, file, content, code, seen] of spoiled) {
    test(`${title} is told before anything is sent`, async (t) => {
      const ground = await prepare(t)
      const pod = await writePod(ground)
      await writeFile(join(pod.podFolder, file), content)
      await assert.rejects(whoAsks(t, pod), (fault: Error & { code?: string; seen?: string }) => {
        assert.equal(fault.code, code)
        assert.match(fault.seen ?? '', seen)
        return true
      })
      assert.deepEqual(ground.part.seen, [])
    })
  }
})

suite('a kubeconfig', () => {
  test('names who asks: token, token file, user and password, client certificate, impersonation', async (t) => {
    const ground = await prepare(t)
    await ground.write('token.txt', 'from-file')
    const { certificate, key } = await ground.authority.issueClientCertificate('jane')
    await ground.write('jane.key', key)
    const path = await ground.write(
      'config',
      kubeconfig(ground, {
        token: { token: 'plain' },
        file: { tokenFile: 'token.txt', token: 'stale' },
        basic: { username: 'jane', password: 'secret' },
        as: { token: 'plain', as: 'system:serviceaccount:a:b' },
        certificate: { 'client-certificate-data': base64(certificate), 'client-key': 'jane.key' },
        anonymous: {},
      }),
    )
    const asked = async (context: string) => await whoAsks(t, { kubeconfig: path, context })
    assert.deepEqual(await asked('token'), { authorization: 'Bearer plain' })
    assert.deepEqual(await asked('file'), { authorization: 'Bearer from-file' })
    assert.deepEqual(await asked('basic'), { authorization: 'Basic amFuZTpzZWNyZXQ=' })
    assert.deepEqual(await asked('as'), { authorization: 'Bearer plain', as: 'system:serviceaccount:a:b' })
    assert.deepEqual(await asked('certificate'), { clientName: 'jane' })
    assert.deepEqual(await asked('anonymous'), {})
  })

  test('in YAML is read like one in JSON', async (t) => {
    const ground = await prepare(t)
    await ground.write('ca.crt', ground.ca)
    const path = await ground.write(
      'config',
      [
        'clusters:',
        `- {name: c, cluster: {server: "${ground.part.url}", certificate-authority: ca.crt}}`,
        'users: [{name: u, user: {token: yaml}}]',
        'contexts: [{name: x, context: {cluster: c, user: u}}]',
        'current-context: x',
      ].join('\n'),
    )
    assert.deepEqual(await whoAsks(t, { kubeconfig: path }), { authorization: 'Bearer yaml' })
  })

  test('is found piece by piece in the files of KUBECONFIG: what comes first counts', async (t) => {
    const ground = await prepare(t)
    const whole = kubeconfig(ground, { u: { token: 'first' } })
    const users = await ground.write('users', { 'current-context': 'u', users: whole.users })
    const rest = await ground.write('rest', {
      ...whole,
      'current-context': 'other',
      users: [{ name: 'u', user: { token: 'second' } }],
    })
    const environment = { KUBECONFIG: `${users}:/not/there:${rest}` }
    assert.deepEqual(await whoAsks(t, { environment }), { authorization: 'Bearer first' })
  })

  const flawed: [string, (ground: Ground) => object | string, string, string][] = [
    [
      'without the context that is asked for names those that it has',
      (ground) => ({ ...kubeconfig(ground, { one: {}, two: {} }), 'current-context': 'three' }),
      'FILE has no context "three"',
      'one of its contexts: one, two',
    ],
    [
      'without a current context says so',
      (ground) => ({ ...kubeconfig(ground, { one: {} }), 'current-context': '' }),
      'FILE has no current-context',
      'one of its contexts: one',
    ],
    [
      'that lacks the cluster of its context says so',
      (ground) => ({ ...kubeconfig(ground, { one: {} }), clusters: [] }),
      'context one names cluster "test", which FILE does not hold',
      'a kubeconfig, in YAML or JSON, with all that its context names',
    ],
    [
      'that lacks the user of its context says so',
      (ground) => ({ ...kubeconfig(ground, { one: {} }), users: [] }),
      'context one names user "one", which FILE does not hold',
      'a kubeconfig, in YAML or JSON, with all that its context names',
    ],
    [
      'whose server is no URL says so',
      (ground) => kubeconfig(ground, { one: {} }, { server: 'cluster.example' }),
      'the server in FILE is "cluster.example"',
      'a URL: https://HOST:PORT',
    ],
    [
      'whose token is a number says so',
      (ground) => kubeconfig(ground, { one: { token: 123456 } }),
      'token in FILE is a number',
      'text: put it in quotes',
    ],
    [
      'that is no YAML names the place, and quotes nothing of it',
      () => 'users:\n- {name: u, user: {token: "sesame',
      'FILE:2:34 is not YAML',
      'a kubeconfig, in YAML or JSON, with all that its context names',
    ],
    [
      'that is a list says so',
      () => '[]',
      'FILE holds no kubeconfig',
      'a kubeconfig, in YAML or JSON, with all that its context names',
    ],
  ]
  for (const [title, content, seen, expected] of flawed) {
    test(title, async (t) => {
      const ground = await prepare(t)
      const path = await ground.write('config', content(ground))
      await assert.rejects(connect({ kubeconfig: path }, testOutside()), {
        code: 'KUBECONFIG_INVALID',
        seen: seen.replace('FILE', path),
        expected,
      })
    })
  }

  test('of a server without TLS sends nobody’s credential, nor asks for one, yet acts as whom it names', async (t) => {
    const ground = await prepare(t)
    const handler = ({ headers }: SandboxRequest) => ({
      status: 200,
      body: { authorization: headers['authorization'], as: headers['impersonate-user'] },
    })
    const part = await servePart({ handler })
    t.after(part.close)
    await ground.write('token.txt', 'from-file')
    const users = {
      token: { token: 'plain', as: 'jane' },
      file: { tokenFile: 'token.txt' },
      basic: { username: 'jane', password: 'secret' },
      exec: { exec: { command: './not-there' } },
    }
    const cluster = { server: part.url, 'certificate-authority-data': undefined }
    const path = await ground.write('config', kubeconfig(ground, users, cluster))
    for (const context of Object.keys(users)) {
      assert.deepEqual(await whoAsks(t, { kubeconfig: path, context }), context === 'token' ? { as: 'jane' } : {})
    }
  })

  test('whose authority holds no certificate says so', async (t) => {
    const ground = await prepare(t)
    const cluster = { 'certificate-authority-data': base64('oops') }
    const path = await ground.write('config', kubeconfig(ground, { one: {} }, cluster))
    await assert.rejects(whoAsks(t, { kubeconfig: path }), {
      code: 'CA_FILE_INVALID',
      seen: `certificate-authority-data in ${path} holds no certificate`,
    })
  })
})
