import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { tryPull } from '../../../src/registry/pull.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { documentOf } from '../exchange-registry.ts'
import { role } from './exchange-at-sandbox.ts'
import { refreshManyNamespaces } from './refresh-many.ts'

test('a document with aws, from the cluster’s token to a pulled image', async (t) => {
  const sandbox = await startTestSandbox(t)
  const cloud = await sandbox.start(sandboxVendors.aws)
  const host = `localhost:${sandbox.parts.registry.port}`
  const registry = `hosts: ["${host}"], aws: {roleArn: "${role}", region: eu-west-1}`
  const file = await sandbox.write('ecr.yaml', documentOf(registry))
  const run = (...argv: string[]) => runPullpass(sandbox, [...argv, '-f', file])
  const stored = () => readPullSecret(sandbox, 'team-a')?.auths[host] ?? ''

  const pull = async (image: string) => {
    const [username = '', password = ''] = stored().split(':')
    const context = fakeContext({ ca: sandbox.authority.ca, at: sandbox.clock.now().toISOString() })
    const reference = { name: `${host}/${image}:1`, host, repository: image, tag: '1', digest: undefined }
    return (await tryPull(reference, { username, password: new Redacted(password) }, context)).outcome
  }

  await t.test('refresh writes a pull secret with which the image is pulled, and no other', async () => {
    const { exitCode, stdout, stderr } = await run('refresh')
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /^ClusterPullSecret\/pull +team-a\/regcred +images +created +2026-11-24T13:00:00Z/m)
    assert.match(stored(), /^AWS:/)
    assert.equal(await pull('example-project/images/hello'), 'pulls')
    assert.equal(await pull('example-project/others/hello'), 'refused')
  })

  await t.test('doctor finds nothing wrong, and names each hop of the exchange', async () => {
    const { exitCode, stdout } = await run('doctor')
    assert.match(stdout, /^exchange +ok/m, stdout)
    assert.match(stdout, /^exchange\/authorization +ok/m)
    assert.equal(exitCode, 0, stdout)
  })

  await t.test('while AWS fails, the last good credential is kept', async () => {
    const before = stored()
    for (const [part, fault] of [
      ['sts', { kind: 'response', response: { status: 503, body: 'unavailable' } }],
      ['sts', { kind: 'truncate' }],
      ['ecr', { kind: 'reset', at: 'request' }],
      ['ecr', { kind: 'response', response: { status: 200, body: '<html>Sign in</html>' } }],
    ] as const) {
      cloud.parts[part].faults.inject(fault)
      const { exitCode, stderr } = await run('refresh')
      cloud.parts[part].faults.clear()
      assert.equal(exitCode, 1)
      assert.match(stderr, part === 'sts' ? /^\w+ \(exchange\): / : /^\w+ \(exchange\/authorization\): /)
      assert.doesNotMatch(stderr, /eyJ/)
    }
    assert.equal(stored(), before)
    assert.equal(await pull('example-project/images/hello'), 'pulls')
  })

  await t.test('a credential that AWS limits to its session is refused after it, and replaced before', async () => {
    sandbox.clock.advance('40 min')
    assert.match((await run('refresh', '--min-remaining', '30m')).stdout, /updated +2026-11-24T13:40:00Z/)
    sandbox.clock.advance('70 min')
    assert.equal(await pull('example-project/images/hello'), 'refused')
  })
})

test('manifests contain the audience of AWS and no variable of an operator', async (t) => {
  const sandbox = await startTestSandbox(t)
  const registry = `hosts: [123456789012.dkr.ecr.eu-west-1.amazonaws.com], aws: {roleArn: "${role}", region: eu-west-1}`
  const file = await sandbox.write('ecr.yaml', documentOf(registry))
  const { exitCode, stdout, stderr } = await runPullpass(sandbox, [
    'manifests',
    '-f',
    file,
    '--image',
    'registry.example.com/pullpass:1',
  ])
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /audiences\[0\] in \['sts\.amazonaws\.com'\]/)
  assert.doesNotMatch(stdout, /AWS_/)
})

test('a refresh of 40 namespaces with three vendors costs one exchange per identity and registry', (t) =>
  refreshManyNamespaces(t, 40))
