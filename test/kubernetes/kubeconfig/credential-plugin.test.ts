import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import type { ChosenContext } from '../../../src/kubernetes/kubeconfig/load.ts'
import { findPlugin } from '../../../src/kubernetes/kubeconfig/plugin.ts'
import type { PluginCredential } from '../../../src/kubernetes/kubeconfig/plugin-credential.ts'
import { fakeContext } from '../../support/fake-context.ts'

/** A context of a kubeconfig in a temporary folder, whose user has a shell script as exec plugin. */
async function contextWithPlugin(t: TestContext, script: string, exec: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-plugin-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'plugin.sh'), `#!/bin/sh\ncd "${folder}"\n${script}\n`)
  await chmod(join(folder, 'plugin.sh'), 0o700)
  const file = join(folder, 'config')
  const plugin = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh', ...exec }
  const cluster = { server: 'https://cluster.example', 'certificate-authority-data': 'Q0E=' }
  return { name: 'test', cluster: { fields: cluster, file }, user: { fields: { exec: plugin }, file } }
}

/** Runs the plugin at noon. */
function pluginOf(
  chosen: ChosenContext,
  context = fakeContext({ environment: process.env }),
): (because: 'needed' | 'refused') => Promise<PluginCredential> {
  const finding = findPlugin(chosen, context)
  return async (because) => {
    const plugin = await finding
    assert.ok(plugin)
    return await plugin(because)
  }
}

const withUser = (user: object): ChosenContext => ({
  name: 'test',
  cluster: { fields: {}, file: '/config' },
  user: { fields: { ...user }, file: '/config' },
})

const credential = (status: object) => `printf %s '${JSON.stringify({ kind: 'ExecCredential', status })}'`

suite('a kubeconfig’s plugin', () => {
  test('is run relative to its kubeconfig, and returns a token', async (t) => {
    const plugin = pluginOf(await contextWithPlugin(t, credential({ token: 'from-plugin' })))
    assert.equal((await plugin('needed')).authorization?.reveal(), 'Bearer from-plugin')
  })

  test('may return a client certificate instead', async (t) => {
    const status = { clientCertificateData: 'CERTIFICATE', clientKeyData: 'KEY' }
    const given = await pluginOf(await contextWithPlugin(t, credential(status)))('needed')
    assert.equal(given.authorization, undefined)
    assert.equal(given.clientCertificate, 'CERTIFICATE')
    assert.equal(given.clientKey?.reveal(), 'KEY')
  })

  test('is run once while its credential is valid, and again when that was refused', async (t) => {
    const script = `echo x >> runs; printf '{"status":{"token":"token-%s"}}' "$(wc -l < runs | tr -d ' ')"`
    const plugin = pluginOf(await contextWithPlugin(t, script))
    const token = async (because: 'needed' | 'refused') => (await plugin(because)).authorization?.reveal()
    assert.equal(await token('needed'), 'Bearer token-1')
    assert.equal(await token('needed'), 'Bearer token-1')
    assert.equal(await token('refused'), 'Bearer token-2')
  })

  test('receives its cluster with provideClusterInfo, and its own variables', async (t) => {
    const script = `printf '{"status":{"token":"%s"}}' "$(printf '%s|%s' "$KUBERNETES_EXEC_INFO" "$REGION" | base64 | tr -d '\\n')"`
    const exec = { provideClusterInfo: true, env: [{ name: 'REGION', value: 'eu' }] }
    const plugin = pluginOf(await contextWithPlugin(t, script, exec))
    const output = (await plugin('needed')).authorization?.reveal().replace('Bearer ', '') ?? ''
    assert.equal(
      Buffer.from(output, 'base64').toString(),
      '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,' +
        '"cluster":{"server":"https://cluster.example","certificate-authority-data":"Q0E="}}}|eu',
    )
  })

  test('is run again when its credential has expired', async (t) => {
    const script = `echo x >> runs; printf '{"status":{"token":"token-%s","expirationTimestamp":"2026-11-24T12:10:00Z"}}' "$(wc -l < runs | tr -d ' ')"`
    const context = fakeContext({ environment: process.env })
    const plugin = pluginOf(await contextWithPlugin(t, script), context)
    assert.equal((await plugin('needed')).authorization?.reveal(), 'Bearer token-1')
    await context.sleep(599_000, context.signal)
    assert.equal((await plugin('needed')).authorization?.reveal(), 'Bearer token-1')
    await context.sleep(1_000, context.signal)
    await assert.rejects(plugin('needed'), { seen: /its credential expired at 2026-11-24T12:10:00Z$/ })
  })

  test('that fails is reported with its exit code, without its output, which may contain tokens', async (t) => {
    const plugin = pluginOf(await contextWithPlugin(t, 'echo "id_token=sesame-sesame" | tee /dev/stderr; exit 3'))
    await assert.rejects(plugin('needed'), (fault: Error & { code?: string; seen?: string; hint?: string }) => {
      assert.equal(fault.code, 'KUBERNETES_UNAUTHENTICATED')
      assert.equal(
        fault.seen,
        'the user of context test gets its credential from ./plugin.sh: it ended with exit code 3',
      )
      assert.equal(
        fault.hint,
        'run it in a shell to read its output, which is not shown here since it may contain tokens',
      )
      assert.doesNotMatch(inspect(fault, { depth: null }), /sesame/)
      return true
    })
  })

  const none: Record<string, [script: string, words: string]> = {
    'no JSON': ['echo sesame', 'it gave no ExecCredential'],
    'no status': [`echo '{"token":"sesame"}'`, 'it gave no ExecCredential'],
    'an empty status': [credential({}), 'it gave neither a token nor a client certificate'],
    'an empty token': [credential({ token: '' }), 'it gave neither a token nor a client certificate'],
    'a list for a token': [credential({ token: ['sesame'] }), 'its token is not a text'],
    'a token of two lines': [
      credential({ token: 'sesame\nx: y' }),
      'its token contains characters that a header cannot contain',
    ],
    'a certificate without its key': [
      credential({ clientCertificateData: 'sesame' }),
      'it gave half a client certificate: certificate and key belong together',
    ],
    'a token that is over': [
      credential({ token: 'sesame', expirationTimestamp: '2026-11-24T11:59:59Z' }),
      'its credential expired at 2026-11-24T11:59:59Z',
    ],
    'an expiry that is not a time': [
      credential({ token: 'sesame', expirationTimestamp: 'soon' }),
      'its expirationTimestamp is not a time',
    ],
    'more than any credential': ['yes sesame', 'it prints more than 1048576 bytes'],
  }
  for (const [title, [script, words]] of Object.entries(none)) {
    test(`that prints ${title} is refused, so that no request is sent with another identity`, async (t) => {
      await assert.rejects(pluginOf(await contextWithPlugin(t, script))('needed'), {
        code: 'KUBERNETES_UNAUTHENTICATED',
        seen: `the user of context test gets its credential from ./plugin.sh: ${words}`,
      })
    })
  }

  test('that sleeps is ended with the run', async (t) => {
    const stop = new AbortController()
    const context = fakeContext({ environment: process.env, signal: stop.signal })
    const running = pluginOf(await contextWithPlugin(t, 'sleep 5 & sleep 5'), context)('needed')
    setTimeout(() => stop.abort(new Error('the run is over')), 50)
    await assert.rejects(running, { message: 'the run is over' })
  })

  test('that does not exist is reported with its installHint, in quotes', async (t) => {
    const exec = { command: 'no-such-plugin', installHint: 'install it\u001b[2J\nfrom example.com' }
    await assert.rejects(pluginOf(await contextWithPlugin(t, '', exec))('needed'), {
      code: 'KUBECONFIG_INVALID',
      seen: 'the user of context test gets its credential from no-such-plugin: this program does not exist',
      hint: 'install it, or correct the command in the kubeconfig, whose installHint is "install it [2J from example.com"',
    })
  })

  const unclear: [title: string, user: object, seen: string][] = [
    ['whose exec is a text', { exec: 'plugin' }, 'exec in /config has no fields'],
    ['whose exec names no command', { exec: { args: [] } }, 'exec in /config has no command'],
    ['with numbers for args', { exec: { command: 'a', args: [1] } }, 'args of exec in /config are not all text'],
    ['whose auth-provider is a list', { 'auth-provider': [] }, 'auth-provider in /config has no fields'],
    [
      'with an unknown auth-provider',
      { 'auth-provider': { name: 'other', config: { exec: { command: 'true' } } } },
      'the auth-provider of a user in /config is "other"',
    ],
    [
      'with a program and an auth-provider',
      { exec: { command: 'a' }, 'auth-provider': { name: 'oidc' } },
      'a user in /config has both exec and auth-provider',
    ],
  ]
  for (const [title, user, seen] of unclear) {
    test(`${title} is refused`, async () => {
      await assert.rejects(findPlugin(withUser(user), fakeContext()), { code: 'KUBECONFIG_INVALID', seen })
    })
  }
})

const idToken = (exp: number) =>
  [{}, { exp }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
    .concat('.c2ln')

suite('the auth-provider oidc', () => {
  const oidcPlugin = (config: object) => pluginOf(withUser({ 'auth-provider': { name: 'oidc', config } }))

  test('gives its id-token while it lives', async () => {
    const token = idToken(4_000_000_000)
    assert.equal((await oidcPlugin({ 'id-token': token })('needed')).authorization?.reveal(), `Bearer ${token}`)
  })

  const none: [title: string, config: object][] = [
    ['none', {}],
    ['one that is over, and nothing to renew it', { 'id-token': idToken(1_000_000_000) }],
    ['a program in its place', { exec: { command: 'echo', args: [credential({ token: 'x' })] } }],
  ]
  for (const [title, config] of none) {
    test(`with ${title} for an id-token is refused: requests would be anonymous`, async () => {
      await assert.rejects(oidcPlugin(config)('needed'), {
        code: 'KUBERNETES_UNAUTHENTICATED',
        seen: 'the user of context test gets its credential from the auth-provider oidc: it has no valid id-token, and cannot renew one',
      })
    })
  }

  test('that cannot renew its id-token is reported, without showing it', async () => {
    const config = {
      'id-token': idToken(1_000_000_000),
      'refresh-token': 'sesame',
      'client-id': 'kubernetes',
      'idp-issuer-url': 'https://127.0.0.1:9/sesame',
    }
    await assert.rejects(oidcPlugin(config)('needed'), {
      code: 'KUBERNETES_UNAUTHENTICATED',
      seen: 'the user of context test gets its credential from the auth-provider oidc: it did not renew the id-token',
    })
  })
})
