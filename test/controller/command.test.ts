import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { waitForStderr } from '../commands/issuer/wait-for-stderr.ts'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { spawnPullpass } from '../support/spawn-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

suite('pullpass controller', () => {
  test('serves its health and metrics, and ends with exit code 0 on SIGTERM', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const listen = ['--health-listen', '0', '--status-listen', '0']
    const argv = ['controller', '-f', file, '--lease', 'team-a/leader', ...listen]
    const { child, ended } = spawnPullpass(argv, sandbox.environment)
    t.after(() => child.kill('SIGKILL'))
    const log = await waitForStderr(child, /a pull secret was written .*namespace="team-b"/)
    const address = `http://127.0.0.1:${/serving health and metrics port=(\d+)/.exec(log)?.[1]}`
    const text = async (path: string) => await (await fetch(`${address}${path}`)).text()
    assert.equal(await text('/livez'), '[+]queue ok\nlivez check passed\n')
    assert.equal(await text('/readyz'), '[+]watches ok\n[+]lease ok\nreadyz check passed\n')
    assert.match(
      await text('/metrics'),
      /^pullpass_controller_namespaces_desired\{document="ClusterPullSecret\/pull"\} 2$/m,
    )
    const page = await (await fetch(`http://127.0.0.1:${/serving the status page port=(\d+)/.exec(log)?.[1]}/`)).text()
    assert.match(page, />2 of 2 pull secrets are fresh</)
    assert.match(page, /<rect class="left" [^>]+><rect class="due" /) // its lifetime and refresh point are known
    const printed = [page, ...(await Promise.all(['/livez', '/readyz', '/metrics'].map(text)))]
    child.kill('SIGTERM')
    const { exitCode, stdout, stderr } = await ended
    assert.deepEqual([exitCode, stdout], [0, ''])
    for (const line of [
      / info the controller started, and runs until it is stopped version="[^"]+" .* documents=1 customResources="used" /,
      / info a document is used document="ClusterPullSecret\/pull" source=".+" secretName="regcred" registries="google"$/m,
      / info this replica leads identity="/,
      / info all pull secrets were examined selected=2 fresh=\d$/m,
      / info a credential was obtained document="ClusterPullSecret\/pull" registry="google" expiresAt="20.+Z" nextRefreshAt="20.+Z"$/m,
      / info the controller is stopping: writes in flight end seen="the run was ended by SIGTERM"$/m,
      / info the Lease was released lease="team-a\/leader"$/m,
      / info the controller stopped$/m,
    ])
      assert.match(stderr, line)
    const lease = sandbox.cluster.store.read('Lease', 'team-a', 'leader')
    assert.match(JSON.stringify(lease?.['spec']), /"holderIdentity":"","leaseDurationSeconds":1,/) // released
    const [auth = ''] = Object.values(readPullSecret(sandbox, 'team-a')?.auths ?? {})
    const password = auth.slice(auth.indexOf(':') + 1)
    assert.ok(password.startsWith('ya29.'))
    for (const secret of [password, readFileSync(sandbox.folder.tokenFile, 'utf8')])
      assert.ok(![stderr, ...printed].join().includes(secret), 'a secret is printed')
  })

  test('ends with exit code 0 on SIGHUP too, and releases its Lease: the terminal was closed', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const { child, ended } = spawnPullpass(['controller', '-f', file, '--lease', 'team-a/leader'], sandbox.environment)
    t.after(() => child.kill('SIGKILL'))
    await waitForStderr(child, /this replica leads/)
    child.kill('SIGHUP')
    assert.equal((await ended).exitCode, 0)
    const lease = sandbox.cluster.store.read('Lease', 'team-a', 'leader')
    assert.match(JSON.stringify(lease?.['spec']), /"holderIdentity":""/)
  })

  test('with spec.issuer, exchanges no token before its key is published', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date(), namespaces: ['team-a', 'pullpass-system'] })
    const more = [
      '  serviceAccountRef: {namespace: image-system, name: pullpass}',
      '  issuer: {publishTo: gs://example-cluster}',
    ].join('\n')
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'], more }))
    const key = await sandbox.cluster.keys.add()
    sandbox.cluster.keys.signWith(key)
    const published = () => sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')?.bytes.toString() ?? ''
    assert.ok(!published().includes(key.kid))
    const { child, ended } = spawnPullpass(['controller', '-f', file, '--no-leader-election'], sandbox.environment)
    t.after(() => child.kill('SIGKILL'))
    await waitForStderr(child, /a pull secret was written .*namespace="team-a"/)
    assert.ok(published().includes(key.kid))
    child.kill('SIGTERM')
    assert.equal((await ended).exitCode, 0)
  })

  for (const [more, seen] of [
    [
      '  deletionPolicy: Delete',
      /spec\.deletionPolicy is Delete .*\n.* a custom resource can\n {2}fix: remove deletionPolicy: Delete, or .* --custom-resources, and apply the document with kubectl$/m,
    ],
  ] as const) {
    test(`refuses a document with${more.replace(/^ /, '')} in a file, before a Lease that is not given`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const file = await sandbox.write('pull.yaml', documentText(sandbox, { more }))
      const { exitCode, stderr } = await runPullpass(sandbox, ['controller', '-f', file])
      assert.equal(exitCode, 2)
      assert.match(stderr, /^DOCUMENT_INVALID \(document\): /)
      assert.match(stderr, seen)
      assert.deepEqual(sandbox.parts.kubernetes.seen, [])
    })
  }

  for (const [title, argv, seen] of [
    ['standard input, which cannot be read again', ['-f', '-'], /-f is -/],
    [
      'a run outside of a Pod that states neither a Lease nor that it is alone',
      [],
      /--lease is not given, and this is no Pod, .*\n.* --lease NAMESPACE\/pullpass-controller .*, or --no-leader-election /,
    ],
    [
      'an incomplete allowance for tenants, with all flags that it needs',
      ['-f', '/dev/null', '--no-leader-election', '--tenant-audience', 'one'],
      /--tenant-audience is given without --tenant-service-account\n {2}expected --tenant-service-account, --tenant-secret-name and --tenant-audience together, /,
    ],
    [
      'a name of an account for tenants that no account can have',
      '-f /dev/null --no-leader-election --tenant-service-account team-a/puller --tenant-secret-name a --tenant-audience b'.split(
        ' ',
      ),
      /--tenant-service-account is "team-a\/puller"\n {2}expected a name without a namespace\n/,
    ],
    [
      'an endpoint for tenants without an account, which it needs',
      ['-f', '/dev/null', '--no-leader-election', '--tenant-endpoint', 'a.example.com'],
      /\n {2}expected --tenant-service-account NAME, /,
    ],
    [
      'an address that is none, with one that only this machine reaches',
      ['-f', '/dev/null', '--no-leader-election', '--status-listen', 'foo'],
      /--status-listen is "foo"\n.*\n {2}fix: --status-listen 127\.0\.0\.1:8080$/m,
    ],
    [
      'a Lease without a namespace',
      ['-f', '/dev/null', '--lease', 'leader'],
      /--lease is "leader"\n {2}expected NAMESPACE\/NAME/,
    ],
    [
      'a Lease for a run that is alone',
      ['-f', '/dev/null', '--lease', 'a/b', '--no-leader-election'],
      /--lease is given with --no-leader-election/,
    ],
  ] as const) {
    test(`refuses ${title}, with exit code 2`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const { exitCode, stderr } = await runPullpass(sandbox, ['controller', ...argv])
      assert.equal(exitCode, 2)
      assert.match(stderr, seen)
    })
  }

  test('refuses two documents that claim one Secret, and a token file that does not exist', async (t) => {
    const sandbox = await startTestSandbox(t)
    const [one, two] = ['one', 'two'].map((name) => documentText(sandbox, { name }))
    const file = await sandbox.write('pull.yaml', `${one}---\n${two}`)
    const claimed = await runPullpass(sandbox, ['controller', '-f', file, '--no-leader-election'])
    assert.deepEqual([claimed.exitCode, claimed.stderr.startsWith('SECRET_CLAIMED_TWICE ')], [2, true])
    const single = await sandbox.write('one.yaml', one ?? '')
    const absent = await runPullpass(sandbox, [
      'controller',
      '-f',
      single,
      '--no-leader-election',
      '--token-file',
      '/nonexistent/token',
    ])
    assert.deepEqual([absent.exitCode, absent.stderr.startsWith('TOKEN_FILE_UNREADABLE ')], [2, true])
  })

  test('states in its help that one of several replicas is active, and what it does not support yet', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { stdout } = await runPullpass(sandbox, ['controller', '--help'])
    assert.match(
      stdout,
      /Of several replicas, the one that holds a Lease works; .*\n.*\n.* Not supported yet: deletionPolicy: Delete in files/,
    )
  })
})
