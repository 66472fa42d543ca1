import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxRequest } from '../../../sandbox/serve/handler.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { connect } from '../../../src/kubernetes/connect.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { base64, type ConnectEnvironment, kubeconfig, prepare, receivedIdentity } from './connect-environment.ts'

suite('a kubeconfig', () => {
  test('sets the identity: token, token file, user and password, client certificate, impersonation', async (t) => {
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
    const received = async (context: string) => await receivedIdentity(t, { kubeconfig: path, context })
    assert.deepEqual(await received('token'), { authorization: 'Bearer plain' })
    assert.deepEqual(await received('file'), { authorization: 'Bearer from-file' })
    assert.deepEqual(await received('basic'), { authorization: 'Basic amFuZTpzZWNyZXQ=' })
    assert.deepEqual(await received('as'), { authorization: 'Bearer plain', as: 'system:serviceaccount:a:b' })
    assert.deepEqual(await received('certificate'), { clientName: 'jane' })
    assert.deepEqual(await received('anonymous'), {})
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
    assert.deepEqual(await receivedIdentity(t, { kubeconfig: path }), { authorization: 'Bearer yaml' })
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
    assert.deepEqual(await receivedIdentity(t, { environment }), { authorization: 'Bearer first' })
  })

  const invalid: [string, (ground: ConnectEnvironment) => object | string, string, string][] = [
    [
      'without the requested context is refused with the contexts that it has',
      (ground) => ({ ...kubeconfig(ground, { one: {}, two: {} }), 'current-context': 'three' }),
      'FILE has no context "three"',
      'one of its contexts: one, two',
    ],
    [
      'without a current context is reported',
      (ground) => ({ ...kubeconfig(ground, { one: {} }), 'current-context': '' }),
      'FILE has no current-context',
      'one of its contexts: one',
    ],
    [
      'that lacks the cluster of its context is reported',
      (ground) => ({ ...kubeconfig(ground, { one: {} }), clusters: [] }),
      'context one names cluster "test", which FILE does not contain',
      'a kubeconfig, in YAML or JSON, with the cluster and user that its context names',
    ],
    [
      'that lacks the user of its context is reported',
      (ground) => ({ ...kubeconfig(ground, { one: {} }), users: [] }),
      'context one names user "one", which FILE does not contain',
      'a kubeconfig, in YAML or JSON, with the cluster and user that its context names',
    ],
    [
      'whose server is not a URL is reported',
      (ground) => kubeconfig(ground, { one: {} }, { server: 'cluster.example' }),
      'the server in FILE is "cluster.example"',
      'a URL: https://HOST:PORT',
    ],
    [
      'whose token is a number is reported',
      (ground) => kubeconfig(ground, { one: { token: 123456 } }),
      'token in FILE is a number',
      'text: put it in quotes',
    ],
    [
      'that is not YAML names the place, and quotes nothing of it',
      () => 'users:\n- {name: u, user: {token: "sesame',
      'FILE:2:34 is not YAML',
      'a kubeconfig, in YAML or JSON, with the cluster and user that its context names',
    ],
    [
      'that is a list is reported',
      () => '[]',
      'FILE contains no kubeconfig',
      'a kubeconfig, in YAML or JSON, with the cluster and user that its context names',
    ],
  ]
  for (const [title, content, seen, expected] of invalid) {
    test(title, async (t) => {
      const ground = await prepare(t)
      const path = await ground.write('config', content(ground))
      await assert.rejects(connect({ kubeconfig: path }, fakeContext()), {
        code: 'KUBECONFIG_INVALID',
        seen: seen.replace('FILE', path),
        expected,
      })
    })
  }

  test('of a server without TLS sends no credential and runs no plugin, but impersonates', async (t) => {
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
      assert.deepEqual(
        await receivedIdentity(t, { kubeconfig: path, context }),
        context === 'token' ? { as: 'jane' } : {},
      )
    }
  })

  test('whose authority contains no certificate is reported', async (t) => {
    const ground = await prepare(t)
    const cluster = { 'certificate-authority-data': base64('oops') }
    const path = await ground.write('config', kubeconfig(ground, { one: {} }, cluster))
    await assert.rejects(receivedIdentity(t, { kubeconfig: path }), {
      code: 'CA_FILE_INVALID',
      seen: `certificate-authority-data in ${path} contains no certificate`,
    })
  })
})
