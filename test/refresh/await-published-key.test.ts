import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, type TestContext, test } from 'node:test'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'

const account = '  serviceAccountRef: {namespace: image-system, name: pullpass}'
const issuer = '  issuer: {publishTo: gs://example-cluster}'

async function start(t: TestContext): Promise<TestSandbox> {
  return await startTestSandbox(t, { namespaces: ['team-a', 'pullpass-system'] })
}

async function refresh(sandbox: TestSandbox, more: string, ...flags: string[]) {
  const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'], more }))
  return await runPullpass(sandbox, ['refresh', '-f', file, ...flags])
}

/** As many distributions rotate: the new key signs in the moment in which it is served. */
async function rotate({ cluster }: TestSandbox): Promise<void> {
  cluster.keys.signWith(await cluster.keys.add())
}

function published({ gcp }: TestSandbox): string[] {
  const text = gcp.store.find('example-cluster', 'openid/v1/jwks')?.bytes.toString() ?? '{"keys":[]}'
  const { keys }: { keys: { kid: string }[] } = JSON.parse(text)
  return keys.map(({ kid }) => kid)
}

/** The publisher exchanges its own token, so that only impersonations of the pulling account are counted. */
const exchanges = ({ gcp }: TestSandbox) =>
  gcp.parts.iamCredentials.seen.filter(({ path }) => path.includes('/puller@')).length
const writes = ({ gcp }: TestSandbox) => gcp.parts.storage.seen.filter(({ method }) => method === 'POST').length

/** One address for several API servers, as a load balancer: each connection's requests go to the next one. */
async function balance(t: TestContext, sandbox: TestSandbox, handlers: readonly SandboxHandler[]): Promise<string> {
  let turn = 0
  const handler: SandboxHandler = (request) => {
    const isToken = request.path.endsWith('/token')
    const chosen = handlers[isToken ? turn++ % handlers.length : 0]
    assert.ok(chosen)
    return chosen(request)
  }
  const part = await servePart({
    handler,
    now: sandbox.clock.now,
    tls: { authority: sandbox.authority, http2: 'offered' },
  })
  t.after(part.close)
  const kubeconfig = await readFile(sandbox.folder.kubeconfigFile, 'utf8')
  return await sandbox.write('balanced', kubeconfig.replace(/server: .*/, `server: ${part.url}`))
}

suite('a document that names its publication', () => {
  test('a token of a key that is not public yet is exchanged once it is; without the field the exchange fails', async (t) => {
    const sandbox = await start(t)
    const before = published(sandbox)
    await rotate(sandbox)
    const without = await refresh(sandbox, account)
    assert.match(without.stderr, /^ISSUER_UNREACHABLE \(exchange\)/)

    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`)
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual(new Set(published(sandbox)), new Set([...before, sandbox.cluster.keys.current.kid]))
  })

  test('a token in a file is checked too', async (t) => {
    const sandbox = await start(t)
    await rotate(sandbox)
    await sandbox.writeToken()
    const { exitCode } = await refresh(sandbox, issuer)
    assert.equal(exitCode, 0)
    assert.equal(published(sandbox).length, 2)
  })

  test('a key that is public costs two anonymous reads, and no write', async (t) => {
    const sandbox = await start(t)
    const reads = sandbox.gcp.parts.storage.seen.length
    const { exitCode } = await refresh(sandbox, `${account}\n${issuer}`)
    assert.equal(exitCode, 0)
    const mine = sandbox.gcp.parts.storage.seen.slice(reads).map(({ path }) => path)
    assert.equal(writes(sandbox), 0)
    assert.deepEqual(mine.slice(0, 2), [
      '/example-cluster/.well-known/openid-configuration',
      '/example-cluster/openid/v1/jwks',
    ])
  })

  test('where nothing can be published, the exchange is not tried, and the last good credential stays', async (t) => {
    const sandbox = await start(t)
    await refresh(sandbox, `${account}\n${issuer}`)
    const good = readPullSecret(sandbox, 'team-a')?.auths
    await rotate(sandbox)
    const denied = {
      status: 403,
      body: { error: { code: 403, message: 'does not have storage.objects.create access' } },
    }
    sandbox.gcp.parts.storage.faults.inject(
      { kind: 'response', response: denied },
      { when: ({ method }) => method === 'POST' },
    )
    const tried = exchanges(sandbox)
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`)
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^KEY_UNPUBLISHED \(publish\): the token is signed by key ".*", which is not public at gs:\/\/example-cluster, and could not be published: PUBLISH_DENIED: /,
    )
    assert.equal(exchanges(sandbox), tried)
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, good)
  })

  test('a revoked key is not published again', async (t) => {
    const sandbox = await start(t)
    const { kid } = sandbox.cluster.keys.current
    await runPullpass(sandbox, [
      'issuer',
      'revoke',
      '--to',
      'gs://example-cluster',
      '--yes',
      '--service-account',
      'image-system/pullpass',
      '--',
      kid,
    ])
    assert.deepEqual(published(sandbox), [])
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`)
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      new RegExp(`^KEY_UNPUBLISHED .*"${kid}", which is not public at gs://example-cluster: it was revoked`),
    )
    assert.deepEqual(published(sandbox), [])
  })

  test('without the right to what was revoked nothing is published, and the right is named', async (t) => {
    const sandbox = await start(t)
    await rotate(sandbox)
    sandbox.cluster.authorization.forbid({ verbs: ['get'], resources: ['configmaps'] })
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`)
    assert.equal(exitCode, 1)
    assert.match(stderr, /^KEY_UNPUBLISHED .*KUBERNETES_FORBIDDEN/)
    assert.match(
      stderr,
      /fix: grant the rule \{apiGroups: \[""\], resources: \[configmaps\], resourceNames: \[pullpass-issuer\], verbs: \[get\]\}/,
    )
    assert.equal(writes(sandbox), 0)
  })

  test('a dry run publishes nothing, and reports who may not', async (t) => {
    const sandbox = await start(t)
    const before = published(sandbox)
    await rotate(sandbox)
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`, '--dry-run')
    assert.equal(exitCode, 1)
    assert.match(stderr, /^KEY_UNPUBLISHED .*a dry run publishes nothing/)
    assert.deepEqual(published(sandbox), before)
    const denied = { status: 403, body: { error: { code: 403, message: 'no storage.objects.create' } } }
    sandbox.gcp.parts.storage.faults.inject(
      { kind: 'response', response: denied },
      { when: ({ method }) => method === 'POST' },
    )
    const lacking = await refresh(sandbox, `${account}\n${issuer}`, '--dry-run')
    assert.match(lacking.stderr, /^KEY_UNPUBLISHED .*and could not be published: PUBLISH_DENIED: /)
  })

  test('in a roll-out to another issuer, tokens are requested from other API servers until one has the published issuer', async (t) => {
    const sandbox = await start(t)
    const old = await sandbox.cluster.createReplica({ issuer: 'https://kubernetes.default.svc.cluster.local' })
    const kubeconfig = await balance(t, sandbox, [old.handle, old.handle, sandbox.cluster.handle])
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`, '--kubeconfig', kubeconfig)
    assert.deepEqual([exitCode, stderr], [0, ''])
  })

  test('where every token carries another issuer, the exchange is not tried', async (t) => {
    const sandbox = await start(t)
    const old = await sandbox.cluster.createReplica({ issuer: 'https://kubernetes.default.svc.cluster.local' })
    const kubeconfig = await balance(t, sandbox, [old.handle])
    const tried = exchanges(sandbox)
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`, '--kubeconfig', kubeconfig)
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^TOKEN_ISSUER_MISMATCH \(subject-token\): each of 5 tokens from the cluster carries issuer https:\/\/kubernetes\.default\.svc\.cluster\.local\n/,
    )
    assert.equal(exchanges(sandbox), tried)
  })

  test('while anonymous clients read the previous keys, the run waits, and then leaves the exchange to the next run', async (t) => {
    const sandbox = await start(t)
    const cached = sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')?.bytes.toString() ?? ''
    await rotate(sandbox)
    const response = { status: 200, headers: { 'content-type': 'application/jwk-set+json' }, body: cached }
    sandbox.gcp.parts.storage.faults.inject(
      { kind: 'response', response },
      { when: ({ path }) => path === '/example-cluster/openid/v1/jwks' },
    )
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`)
    assert.equal(exitCode, 1)
    assert.match(stderr, /^KEY_UNPUBLISHED .*anonymous clients do not read it yet/)
    sandbox.gcp.parts.storage.faults.clear()
    assert.equal((await refresh(sandbox, `${account}\n${issuer}`)).exitCode, 0)
  })

  test('an invalid target is refused before any request', async (t) => {
    const sandbox = await start(t)
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n  issuer: {publishTo: ./public}`)
    assert.equal(exitCode, 2)
    assert.match(stderr, /spec\.issuer\.publishTo.*\.\/public/)
  })
})

suite('a cloud that caches the published keys as long as their max-age allows', () => {
  const runEvery = async (sandbox: TestSandbox, runs: number) => {
    const results: { exitCode: number; result: string; note: string | undefined }[] = []
    for (let run = 0; run < runs; run++) {
      const { exitCode, stdout } = await refresh(sandbox, `${account}\n${issuer}`, '-o', 'json')
      const [outcome] = JSON.parse(stdout).secrets
      results.push({ exitCode, result: outcome.result, note: outcome.notes[0] })
      sandbox.clock.advance('4 min')
    }
    return results
  }

  test('refuses tokens of a new key until its copy expires: that run fails not, keeps the credential, and the next one exchanges', async (t) => {
    const sandbox = await start(t)
    sandbox.gcp.adjust({ issuerDocuments: 'cached' })
    const before = await runEvery(sandbox, 3)
    const good = readPullSecret(sandbox, 'team-a')?.auths
    await rotate(sandbox)
    const [first, ...after] = await runEvery(sandbox, 4)
    assert.deepEqual(first?.exitCode, 0)
    assert.equal(first?.result, 'unchanged')
    assert.match(
      first?.note ?? '',
      /^the key that signs now was published a moment ago: exchanged by a run after 2026-11-24T12:1\d:\d\dZ$/,
    )
    assert.notDeepEqual(readPullSecret(sandbox, 'team-a')?.auths, good)
    assert.deepEqual(
      [...before, ...after].map(({ exitCode, result }) => `${exitCode} ${result}`),
      Array.from({ length: 6 }, (_, at) => (at === 0 ? '0 created' : '0 updated')),
    )
  })

  test('is a failure if no credential expires later than the wait, with the time of the next attempt', async (t) => {
    const sandbox = await start(t)
    sandbox.gcp.adjust({ issuerDocuments: 'cached' })
    await refresh(sandbox, `${account}\n${issuer}`)
    const secret = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    assert.ok(secret)
    sandbox.cluster.store.remove(secret)
    await rotate(sandbox)
    const { exitCode, stderr } = await refresh(sandbox, `${account}\n${issuer}`)
    assert.equal(exitCode, 1)
    const { kid } = sandbox.cluster.keys.current
    assert.ok(stderr.startsWith(`KEY_PUBLISHED_RECENTLY (exchange): a token of key "${kid}" was refused (`), stderr)
    assert.match(stderr, /which it is from 2026-11-24T12:05:\d\dZ on/)
    assert.match(
      stderr,
      /fix: wait: a run after .* exchanges it\. If that one is refused too, the cloud cannot read the issuer: publish the cluster's metadata/,
    )
  })
})
