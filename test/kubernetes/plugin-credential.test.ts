import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { askPlugin } from '../../src/kubernetes/plugin-credential.ts'

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

const credential = (status: object) => `echo '${JSON.stringify({ kind: 'ExecCredential', status })}'`

suite('a kubeconfig’s plugin', () => {
  test('is run beside its kubeconfig, and gives a token', async (t) => {
    const ask = askPlugin(await contextAsking(t, credential({ token: 'from-plugin' })), process.env)
    assert.equal((await ask('asked')).authorization?.reveal(), 'Bearer from-plugin')
  })

  test('gives a client certificate instead', async (t) => {
    const status = { clientCertificateData: 'CERTIFICATE', clientKeyData: 'KEY' }
    const given = await askPlugin(await contextAsking(t, credential(status)), process.env)('asked')
    assert.equal(given.authorization, undefined)
    assert.equal(given.clientCertificate, 'CERTIFICATE')
    assert.equal(given.clientKey?.reveal(), 'KEY')
  })

  test('is asked once for as long as its credential lives, and anew when that was refused', async (t) => {
    const script = `echo x >> runs; printf '{"status":{"token":"token-%s"}}' "$(wc -l < runs | tr -d ' ')"`
    const ask = askPlugin(await contextAsking(t, script), process.env)
    const token = async (because: 'asked' | 'refused') => (await ask(because)).authorization?.reveal()
    assert.equal(await token('asked'), 'Bearer token-1')
    assert.equal(await token('asked'), 'Bearer token-1')
    assert.equal(await token('refused'), 'Bearer token-2')
  })

  test('learns of its cluster where it asks for it, and gets its own variables', async (t) => {
    const script = `printf '{"status":{"token":"%s"}}' "$(printf '%s|%s' "$KUBERNETES_EXEC_INFO" "$REGION" | base64 | tr -d '\\n')"`
    const exec = { provideClusterInfo: true, env: [{ name: 'REGION', value: 'eu' }] }
    const ask = askPlugin(await contextAsking(t, script, exec), process.env)
    const told = (await ask('asked')).authorization?.reveal().replace('Bearer ', '') ?? ''
    assert.equal(
      Buffer.from(told, 'base64').toString(),
      '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,' +
        '"cluster":{"server":"https://cluster.example","certificate-authority-data":"Q0E="}}}|eu',
    )
  })

  test('that fails is quoted', async (t) => {
    const ask = askPlugin(await contextAsking(t, 'echo "Your session has expired" >&2; exit 1'), process.env)
    await assert.rejects(ask('asked'), {
      code: 'KUBERNETES_UNAUTHENTICATED',
      seen: 'the user of context test asks ./plugin.sh for a credential: "Your session has expired"',
    })
  })

  test('that prints no credential is not quoted: a token may be in it', async (t) => {
    for (const script of ['echo sesame', 'echo "{}"']) {
      await assert.rejects(askPlugin(await contextAsking(t, script), process.env)('asked'), {
        code: 'KUBERNETES_UNAUTHENTICATED',
        seen: 'the user of context test asks ./plugin.sh for a credential: it gave no ExecCredential',
      })
    }
  })

  test('that is not there is told with what installs it', async (t) => {
    const exec = { command: 'no-such-plugin', installHint: 'install it' }
    await assert.rejects(askPlugin(await contextAsking(t, '', exec), process.env)('asked'), {
      code: 'KUBECONFIG_INVALID',
      seen: 'the user of context test asks no-such-plugin for a credential: there is no such program',
      hint: 'install it',
    })
  })
})
