import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import type { ChosenContext } from '../../src/kubernetes/kubeconfig/load.ts'
import { findPlugin } from '../../src/kubernetes/kubeconfig/plugin.ts'
import type { PluginCredential } from '../../src/kubernetes/kubeconfig/plugin-credential.ts'
import { fakeContext } from '../support/fake-context.ts'

/** A context of a kubeconfig in a folder of its own, whose user asks a shell script. */
async function contextAsking(t: TestContext, script: string, exec: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-plugin-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'plugin.sh'), `#!/bin/sh\ncd "${folder}"\n${script}\n`)
  await chmod(join(folder, 'plugin.sh'), 0o700)
  const file = join(folder, 'config')
  const plugin = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin.sh', ...exec }
  const cluster = { server: 'https://cluster.example', 'certificate-authority-data': 'Q0E=' }
  return { name: 'test', cluster: { fields: cluster, file }, user: { fields: { exec: plugin }, file } }
}

/** Asks at noon, as a run does. */
function asking(
  chosen: ChosenContext,
  context = fakeContext({ environment: process.env }),
): (because: 'needed' | 'refused') => Promise<PluginCredential> {
  const asked = findPlugin(chosen, context)
  return async (because) => {
    const ask = await asked
    assert.ok(ask)
    return await ask(because)
  }
}

const withUser = (user: object): ChosenContext => ({
  name: 'test',
  cluster: { fields: {}, file: '/config' },
  user: { fields: { ...user }, file: '/config' },
})

const credential = (status: object) => `printf %s '${JSON.stringify({ kind: 'ExecCredential', status })}'`

suite('a kubeconfig’s plugin', () => {
  test('is run beside its kubeconfig, and gives a token', async (t) => {
    const ask = asking(await contextAsking(t, credential({ token: 'from-plugin' })))
    assert.equal((await ask('needed')).authorization?.reveal(), 'Bearer from-plugin')
  })

  test('gives a client certificate instead', async (t) => {
    const status = { clientCertificateData: 'CERTIFICATE', clientKeyData: 'KEY' }
    const given = await asking(await contextAsking(t, credential(status)))('needed')
    assert.equal(given.authorization, undefined)
    assert.equal(given.clientCertificate, 'CERTIFICATE')
    assert.equal(given.clientKey?.reveal(), 'KEY')
  })

  test('is asked once for as long as its credential lives, and anew when that was refused', async (t) => {
    const script = `echo x >> runs; printf '{"status":{"token":"token-%s"}}' "$(wc -l < runs | tr -d ' ')"`
    const ask = asking(await contextAsking(t, script))
    const token = async (because: 'needed' | 'refused') => (await ask(because)).authorization?.reveal()
    assert.equal(await token('needed'), 'Bearer token-1')
    assert.equal(await token('needed'), 'Bearer token-1')
    assert.equal(await token('refused'), 'Bearer token-2')
  })

  test('learns of its cluster where it asks for it, and gets its own variables', async (t) => {
    const script = `printf '{"status":{"token":"%s"}}' "$(printf '%s|%s' "$KUBERNETES_EXEC_INFO" "$REGION" | base64 | tr -d '\\n')"`
    const exec = { provideClusterInfo: true, env: [{ name: 'REGION', value: 'eu' }] }
    const ask = asking(await contextAsking(t, script, exec))
    const told = (await ask('needed')).authorization?.reveal().replace('Bearer ', '') ?? ''
    assert.equal(
      Buffer.from(told, 'base64').toString(),
      '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,' +
        '"cluster":{"server":"https://cluster.example","certificate-authority-data":"Q0E="}}}|eu',
    )
  })

  test('is asked anew when its credential has expired', async (t) => {
    const script = `echo x >> runs; printf '{"status":{"token":"token-%s","expirationTimestamp":"2026-11-24T12:10:00Z"}}' "$(wc -l < runs | tr -d ' ')"`
    const context = fakeContext({ environment: process.env })
    const ask = asking(await contextAsking(t, script), context)
    assert.equal((await ask('needed')).authorization?.reveal(), 'Bearer token-1')
    await context.sleep(599_000, context.signal)
    assert.equal((await ask('needed')).authorization?.reveal(), 'Bearer token-1')
    await context.sleep(1_000, context.signal)
    await assert.rejects(ask('needed'), { seen: /its credential expired at 2026-11-24T12:10:00.000Z$/ })
  })

  test('that fails tells how, and nothing of what it said: tokens may be in it', async (t) => {
    const ask = asking(await contextAsking(t, 'echo "id_token=sesame-sesame" | tee /dev/stderr; exit 3'))
    await assert.rejects(ask('needed'), (fault: Error & { code?: string; seen?: string; hint?: string }) => {
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
    'a list for a token': [credential({ token: ['sesame'] }), 'its token is no text'],
    'a token of two lines': [credential({ token: 'sesame\nx: y' }), 'its token is none that fits into a header'],
    'a certificate without its key': [
      credential({ clientCertificateData: 'sesame' }),
      'it gave half a client certificate: certificate and key belong together',
    ],
    'a token that is over': [
      credential({ token: 'sesame', expirationTimestamp: '2026-11-24T11:59:59Z' }),
      'its credential expired at 2026-11-24T11:59:59.000Z',
    ],
    'an expiry that is no time': [
      credential({ token: 'sesame', expirationTimestamp: 'soon' }),
      'its expirationTimestamp is no time',
    ],
    'more than any credential': ['yes sesame', 'it prints more than 1048576 bytes'],
  }
  for (const [title, [script, words]] of Object.entries(none)) {
    test(`that prints ${title} has given nothing, so that nobody is asked as somebody else`, async (t) => {
      await assert.rejects(asking(await contextAsking(t, script))('needed'), {
        code: 'KUBERNETES_UNAUTHENTICATED',
        seen: `the user of context test gets its credential from ./plugin.sh: ${words}`,
      })
    })
  }

  test('that sleeps is ended with the run', async (t) => {
    const stop = new AbortController()
    const context = fakeContext({ environment: process.env, signal: stop.signal })
    const asked = asking(await contextAsking(t, 'sleep 5 & sleep 5'), context)('needed')
    setTimeout(() => stop.abort(new Error('the run is over')), 50)
    await assert.rejects(asked, { message: 'the run is over' })
  })

  test('that does not exist is told with what installs it, in quotes', async (t) => {
    const exec = { command: 'no-such-plugin', installHint: 'install it\u001b[2J\nfrom example.com' }
    await assert.rejects(asking(await contextAsking(t, '', exec))('needed'), {
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
      'with an auth-provider that nobody knows',
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
  const asks = (config: object) => asking(withUser({ 'auth-provider': { name: 'oidc', config } }))

  test('gives its id-token while it lives', async () => {
    const token = idToken(4_000_000_000)
    assert.equal((await asks({ 'id-token': token })('needed')).authorization?.reveal(), `Bearer ${token}`)
  })

  const none: [title: string, config: object][] = [
    ['none', {}],
    ['one that is over, and nothing to renew it', { 'id-token': idToken(1_000_000_000) }],
    ['a program in its place', { exec: { command: 'echo', args: [credential({ token: 'x' })] } }],
  ]
  for (const [title, config] of none) {
    test(`with ${title} for an id-token is refused: it would be nobody who asks`, async () => {
      await assert.rejects(asks(config)('needed'), {
        code: 'KUBERNETES_UNAUTHENTICATED',
        seen: 'the user of context test gets its credential from the auth-provider oidc: it has no valid id-token, and cannot renew one',
      })
    })
  }

  test('that cannot renew its id-token tells so, and shows nothing of it', async () => {
    const config = {
      'id-token': idToken(1_000_000_000),
      'refresh-token': 'sesame',
      'client-id': 'kubernetes',
      'idp-issuer-url': 'https://127.0.0.1:9/sesame',
    }
    await assert.rejects(asks(config)('needed'), {
      code: 'KUBERNETES_UNAUTHENTICATED',
      seen: 'the user of context test gets its credential from the auth-provider oidc: it did not renew the id-token',
    })
  })
})
