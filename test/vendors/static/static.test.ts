import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { documentOf, faultOf, loadRegistry } from '../exchange-registry.ts'

const password = 'dckr_pat_planted-password-0123456789'
const fromSecret = 'hosts: [docker.io], static: {secretRef: {namespace: image-system, name: hub}}'
const base64 = (text: string) => Buffer.from(text).toString('base64')

const start = async (t: TestContext) => await startTestSandbox(t, { namespaces: ['team-a'] })
type Started = Awaited<ReturnType<typeof start>>

function seedSecret({ cluster }: Started, data: Readonly<Record<string, string>>, type = 'Opaque', name = 'hub'): void {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]))
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'image-system', name }, type, data: encoded })
}

async function refresh(sandbox: Started, registry: string, ...flags: string[]) {
  const file = await sandbox.write('static.yaml', documentOf(registry))
  const run = await runPullpass(sandbox, ['refresh', '-f', file, ...flags])
  assert.ok(!`${run.stdout}${run.stderr}`.includes(password), 'a password was printed')
  return run
}

suite('a static credential', () => {
  test('is read from a Secret, by the keys of basic authentication or those of the document', async (t) => {
    const sandbox = await start(t)
    seedSecret(sandbox, { username: 'robot', password }, 'kubernetes.io/basic-auth')
    const { exitCode, stdout, stderr } = await refresh(sandbox, fromSecret)
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /images +created +unknown/)
    const secret = readPullSecret(sandbox, 'team-a')
    assert.deepEqual(secret?.auths, { 'docker.io': `robot:${password}` })
    assert.ok(!JSON.stringify(secret?.annotations).includes(password))

    seedSecret(sandbox, { user: 'other', token: password })
    await refresh(sandbox, fromSecret.replace('name: hub', 'name: hub, usernameKey: user, passwordKey: token'))
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'docker.io': `other:${password}` })
  })

  test('is read from another pull secret, by its first host', async (t) => {
    const sandbox = await start(t)
    const auths = { 'docker.io': { auth: base64(`robot:${password}`) }, 'quay.io': { auth: base64('x:y') } }
    seedSecret(sandbox, { '.dockerconfigjson': JSON.stringify({ auths }) }, 'kubernetes.io/dockerconfigjson')
    assert.equal((await refresh(sandbox, fromSecret)).exitCode, 0)
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'docker.io': `robot:${password}` })
  })

  test('is read from the older form of a pull secret', async (t) => {
    const sandbox = await start(t)
    const entries = { 'docker.io': { auth: base64(`robot:${password}`) } }
    seedSecret(sandbox, { '.dockercfg': JSON.stringify(entries) }, 'kubernetes.io/dockercfg')
    assert.equal((await refresh(sandbox, fromSecret)).exitCode, 0)
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'docker.io': `robot:${password}` })
  })

  const hubKeys = ['https://index.docker.io/v1/', 'index.docker.io', 'https://registry-1.docker.io/v2/', 'docker.io']
  for (const key of hubKeys) {
    test(`is read for docker.io from an entry for ${key}, in a Secret and in a file`, async (t) => {
      const sandbox = await start(t)
      const auths = { 'quay.io': { auth: base64('x:y') }, [key]: { auth: base64(`robot:${password}`) } }
      const config = JSON.stringify({ auths })
      seedSecret(sandbox, { '.dockerconfigjson': config }, 'kubernetes.io/dockerconfigjson')
      assert.equal((await refresh(sandbox, fromSecret)).stderr, '')
      assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'docker.io': `robot:${password}` })
      await sandbox.write('config.json', config)
      const hosts = 'hosts: [registry-1.docker.io]'
      assert.equal((await refresh(sandbox, `${hosts}, static: {dockerConfigFile: config.json}`)).stderr, '')
      assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'registry-1.docker.io': `robot:${password}` })
    })
  }

  test('without an entry for its host lists the hosts of the Secret, and neither password nor auth', async (t) => {
    const sandbox = await start(t)
    const auth = base64(`robot:${password}`)
    const auths = { 'https://registry.images.example.com': { username: 'robot', password, auth } }
    seedSecret(sandbox, { '.dockerconfigjson': JSON.stringify({ auths }) }, 'kubernetes.io/dockerconfigjson')
    const { stderr } = await refresh(sandbox, fromSecret.replace('docker.io', 'registry.images.example.net'))
    assert.match(
      stderr,
      /has no usable entry for "registry\.images\.example\.net"; its entries are "https:\/\/registry\.images\.example\.com"\n/,
    )
    assert.match(stderr, /fix: name a host of an entry first in hosts, or add it/)
    assert.ok(!stderr.includes(auth))
  })

  test('is never a token of the API server, or of a Secret for something else', async (t) => {
    const sandbox = await start(t)
    const keys = fromSecret.replace('name: hub', 'name: hub, passwordKey: token')
    for (const type of [
      'kubernetes.io/service-account-token',
      'bootstrap.kubernetes.io/token',
      'kubernetes.io/tls',
      'acme.example.com/x',
    ]) {
      seedSecret(sandbox, { username: 'robot', token: password }, type)
      const { exitCode, stderr } = await refresh(sandbox, keys)
      assert.equal(exitCode, 1)
      assert.ok(
        stderr.startsWith(
          `CREDENTIAL_SOURCE_INVALID (exchange): Secret image-system/hub is of type "${type}"; it was not used\n`,
        ),
        stderr,
      )
      assert.match(stderr, /^ {2}fix: create one with the user name and password of the registry/m)
      assert.equal(readPullSecret(sandbox, 'team-a'), undefined)
    }
  })

  test('is read from a file, without the line break at its end, or from a Docker configuration', async (t) => {
    const sandbox = await start(t)
    await sandbox.write('password', `${password}\n`)
    await sandbox.write('config.json', JSON.stringify({ auths: { 'docker.io': { auth: base64(`file:${password}`) } } }))
    await refresh(sandbox, 'hosts: [docker.io], static: {username: robot, passwordFile: password}')
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'docker.io': `robot:${password}` })
    await refresh(sandbox, 'hosts: [docker.io], static: {dockerConfigFile: config.json}')
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'docker.io': `file:${password}` })
  })

  test('has an unknown expiry in annotations, JSON and doctor', async (t) => {
    const sandbox = await start(t)
    seedSecret(sandbox, { username: 'robot', password })
    const { stdout } = await refresh(sandbox, fromSecret, '-o', 'json')
    const [secret] = JSON.parse(stdout).secrets
    assert.deepEqual(secret.registries, [{ name: 'images', hosts: ['docker.io'], result: 'fresh' }])
    const annotations = readPullSecret(sandbox, 'team-a')?.annotations ?? {}
    assert.equal(annotations['pullpass.dev/expires-at'], 'unknown')
    const { images } = JSON.parse(annotations['pullpass.dev/registries'] ?? '')
    assert.deepEqual([images.expiresAt, images.readAt], [undefined, '2026-11-24T12:00:00.000Z'])
    const doctor = await runPullpass(sandbox, ['doctor', '-f', `${sandbox.folder.path}/static.yaml`])
    assert.match(doctor.stdout, /subject-token +skipped/)
    assert.match(doctor.stdout, /exchange +ok/)
    assert.doesNotMatch(doctor.stdout + doctor.stderr, /planted-password/)
  })

  test('is read again after an hour, so that a changed password reaches the pull secrets', async (t) => {
    const sandbox = await start(t)
    seedSecret(sandbox, { username: 'robot', password })
    const run = () => refresh(sandbox, fromSecret, '--min-remaining', '35m')
    await run()
    seedSecret(sandbox, { username: 'robot', password: 'rotated' })
    sandbox.clock.advance('20 min')
    assert.match((await run()).stdout, /unchanged/)
    sandbox.clock.advance('10 min')
    assert.match((await run()).stdout, /updated/)
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'docker.io': 'robot:rotated' })
  })

  test('stays in the pull secret while its source cannot be read, and each run reports that', async (t) => {
    const sandbox = await start(t)
    seedSecret(sandbox, { username: 'robot', password })
    await refresh(sandbox, fromSecret)
    const { store } = sandbox.cluster
    store.remove(store.read('Secret', 'image-system', 'hub') ?? assert.fail())
    sandbox.clock.advance('40 min')
    for (const _ of ['first', 'second']) {
      const { exitCode, stderr } = await refresh(sandbox, fromSecret, '--min-remaining', '35m')
      assert.equal(exitCode, 1)
      assert.match(stderr, /^CREDENTIAL_SOURCE_INVALID \(exchange\): Secret image-system\/hub does not exist/)
      assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'docker.io': `robot:${password}` })
    }
  })

  test('is not allowed in a document of a tenant', async () => {
    const fault = await faultOf(loadRegistry(fromSecret, 'PullSecret'))
    assert.equal(fault.seen, '-:7:42: spec.registries[0].static is not a known field')
  })

  test('needs the permission to get exactly its Secret, which manifests prints', async (t) => {
    const sandbox = await start(t)
    const file = await sandbox.write('static.yaml', documentOf(fromSecret))
    const run = await runPullpass(sandbox, ['manifests', '-f', file, '--image', 'registry.example.com/pullpass:1'])
    assert.equal(run.exitCode, 0, run.stderr)
    const rule = /apiGroups:\s+- ""\s+resources:\s+- secrets\s+resourceNames:\s+- hub\s+verbs:\s+- get\n/
    assert.match(run.stdout, rule)
    assert.doesNotMatch(run.stderr, /_ENDPOINT/)
    assert.doesNotMatch(run.stdout, /serviceaccounts\/token\s+resourceNames/)
    const named = await sandbox.write('file.yaml', documentOf('hosts: [a.io], static: {username: a, passwordFile: b}'))
    const refused = await runPullpass(sandbox, ['manifests', '-f', named, '--image', 'registry.example.com/pullpass:1'])
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, /which the Pod does not have\n {2}expected a Secret of the cluster, by secretRef/)
  })
})

suite('a static credential is refused, with the source and without its content, for', () => {
  const config = (entry: object) => ({ '.dockerconfigjson': JSON.stringify({ auths: { 'docker.io': entry } }) })
  const cases: Readonly<Record<string, readonly [data: Readonly<Record<string, string>>, type: string, seen: RegExp]>> =
    {
      'a missing key': [
        { user: 'a', password },
        'Opaque',
        /Secret image-system\/hub has no key "username"; its keys are "user", "password"/,
      ],
      'an empty password': [{ username: 'a', password: '' }, 'Opaque', /the password is empty/],
      'a user name that is none': [
        { username: 'a:b', password },
        'Opaque',
        /key "username" of Secret image-system\/hub is not a user name/,
      ],
      'no entry for the host': [
        { '.dockerconfigjson': '{"auths":{}}' },
        'kubernetes.io/dockerconfigjson',
        /has no usable entry for "docker\.io"/,
      ],
      'an entry that is not base64': [
        config({ auth: '%' }),
        'kubernetes.io/dockerconfigjson',
        /has no usable entry for "docker\.io": auth is not standard base64/,
      ],
      'a configuration that is not JSON': [
        { '.dockerconfigjson': password },
        'kubernetes.io/dockerconfigjson',
        /: it is not JSON/,
      ],
    }
  for (const [title, [data, type, seen]] of Object.entries(cases)) {
    test(title, async (t) => {
      const sandbox = await start(t)
      seedSecret(sandbox, data, type)
      const { exitCode, stderr } = await refresh(sandbox, fromSecret)
      assert.equal(exitCode, 1)
      assert.match(stderr, /^CREDENTIAL_SOURCE_INVALID \(exchange\): /)
      assert.match(stderr, seen)
    })
  }

  const documents: Readonly<Record<string, readonly [fields: string, seen: RegExp]>> = {
    'no source': ['static: {}', /static names no source$/],
    'two sources': [
      'static: {username: a, passwordFile: b, dockerConfigFile: c}',
      /static names 2 sources: passwordFile, dockerConfigFile$/,
    ],
    'a password without user name': ['static: {passwordFile: b}', /static\.username is missing$/],
    'an audience that nothing uses': [
      'audience: a, static: {dockerConfigFile: c}',
      /audience has no effect: no subject token is used$/,
    ],
  }
  for (const [title, [fields, seen]] of Object.entries(documents)) {
    test(title, async () => {
      const fault = await faultOf(loadRegistry(`hosts: [docker.io], ${fields}`))
      assert.equal(fault.code, 'DOCUMENT_INVALID')
      assert.match(fault.seen, seen)
    })
  }

  test('a file that does not exist, is a folder, too large or binary', async (t) => {
    const sandbox = await start(t)
    await sandbox.write('large', 'x'.repeat(65_537))
    await sandbox.write('binary', Buffer.from([0xff, 0xfe]))
    const seen: Readonly<Record<string, RegExp>> = {
      none: /none does not exist/,
      '.': /is a folder/,
      large: /large is longer than 65536 bytes/,
      binary: /binary contains binary data/,
    }
    for (const [file, message] of Object.entries(seen)) {
      const { stderr } = await refresh(sandbox, `hosts: [docker.io], static: {username: a, passwordFile: ${file}}`)
      assert.match(stderr, message)
    }
  })
})

suite('doctor names the fault of a static credential:', () => {
  const faults: Readonly<
    Record<string, readonly [data: Readonly<Record<string, string>> | undefined, hop: string, code: string]>
  > = {
    'its Secret does not exist': [undefined, 'exchange', 'CREDENTIAL_SOURCE_INVALID'],
    'its Secret has other keys': [{ user: 'robot' }, 'exchange', 'CREDENTIAL_SOURCE_INVALID'],
    'its password is empty': [{ username: 'robot', password: '' }, 'exchange', 'CREDENTIAL_SOURCE_INVALID'],
    'the registry does not accept it': [{ username: 'robot', password }, 'registry', 'REGISTRY_CREDENTIAL_REFUSED'],
  }
  for (const [title, [data, hop, code]] of Object.entries(faults)) {
    test(title, async (t) => {
      const sandbox = await start(t)
      if (data !== undefined) seedSecret(sandbox, data)
      const registry = fromSecret.replace('docker.io', `"localhost:${sandbox.parts.registry.port}"`)
      const file = await sandbox.write('static.yaml', documentOf(registry))
      const argv = ['doctor', '-f', file, '--image', sandbox.image, '-o', 'json']
      const { stdout, stderr, exitCode } = await runPullpass(sandbox, argv)
      const { firstFailure } = JSON.parse(stdout)
      assert.deepEqual([firstFailure?.hop, firstFailure?.code, exitCode], [hop, code, 1])
      assert.ok(!`${stdout}${stderr}`.includes(password))
    })
  }
})
