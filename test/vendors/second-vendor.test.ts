import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, type TestContext, test } from 'node:test'
import { documentJsonSchemas } from '../../src/document/json-schema.ts'
import { tryPull } from '../../src/registry/pull.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { renderDocumentPage } from '../../tools/render-document-page.ts'
import { fakeContext } from '../support/fake-context.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import { acmeSandbox } from './acme/sandbox.ts'
import { acme } from './acme/vendor.ts'

/** The product's list, and one more entry. */
const list = { ...vendors, acme }
const subject = 'system:serviceaccount:image-system:pullpass'

async function start(t: TestContext, trusted: 'trusted' | 'unknown' = 'trusted') {
  const sandbox = await startTestSandbox(t)
  const cloud = await sandbox.start(async () => acmeSandbox)
  if (trusted === 'unknown') cloud.trusted.clear()
  const host = `localhost:${sandbox.parts.registry.port}`
  const file = await sandbox.write(
    'acme.yaml',
    `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  issuer: {publishTo: "acme://issuers/cluster", url: "${sandbox.cluster.issuer}"}
  registries:
    - {name: acme, hosts: ["${host}"], acme: {account: pullers, trust: {repository: example-project/images}}}
`,
  )
  const run = (...argv: string[]) => runPullpass(sandbox, argv, { vendors: list })
  return { sandbox, cloud, host, file, run }
}

const read = (file: string) => readFile(file, 'utf8')

/** Without its publication, which a test of its own covers. */
const withoutIssuer = (text: string) => text.replace(/ {2}issuer: .*\n/, '')

suite('a second vendor, as one more entry of the list', () => {
  test('refresh exchanges tokens there, and the credential pulls', async (t) => {
    const { sandbox, cloud, host, file, run } = await start(t)
    await run('issuer', 'publish', '--to', 'acme://issuers/cluster', '--issuer-url', sandbox.cluster.issuer)
    const { exitCode, stdout, stderr } = await run('refresh', '-f', file)
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /^ClusterPullSecret\/pull +team-a\/regcred +acme +created +2026-11-24T12:30:00Z/m)
    const [username = '', password = ''] = readPullSecret(sandbox, 'team-a')?.auths[host]?.split(':') ?? []
    assert.equal(cloud.accountOf(password), 'pullers')
    const pull = await tryPull(
      { host, repository: 'example-project/images/hello', tag: '1', digest: undefined },
      { username, password: new Redacted(password) },
      fakeContext({ ca: sandbox.authority.ca }),
    )
    assert.deepEqual(pull, { outcome: 'pulls' })
    assert.deepEqual(
      cloud.parts.api.seen.map(({ path }) => path).filter((path) => !path.startsWith('/store')),
      ['/token', '/authorize'],
    )
  })

  test('refresh reads its variables, and refuses those of two vendors', async (t) => {
    const { sandbox, cloud } = await start(t)
    await sandbox.writeToken({ audiences: ['acme:pullers'] })
    const gcp = {
      PROJECT_NUMBER: undefined,
      POOL_ID: undefined,
      PROVIDER_ID: undefined,
      SERVICE_ACCOUNT_EMAIL: undefined,
    }
    const own = { ...cloud.registryVariables, REGISTRY_SECRET_NAMESPACES: 'team-a' }
    const both = await runPullpass(sandbox, ['refresh'], { vendors: list, environment: own })
    assert.equal(both.exitCode, 2)
    assert.match(both.stderr, /^USAGE_INVALID \(run\): variables of 2 vendors are set: gcp, acme/)
    const one = await runPullpass(sandbox, ['refresh'], { vendors: list, environment: { ...own, ...gcp } })
    assert.deepEqual([one.exitCode, one.stderr], [0, ''])
    assert.match(one.stdout, /acme +created/)
  })

  test('a violated rule between its fields is reported with file, line and column', async (t) => {
    const { file, sandbox, run } = await start(t)
    const path = await sandbox.write('root.yaml', (await read(file)).replace('account: pullers', 'account: root'))
    const { exitCode, stderr } = await run('refresh', '-f', path)
    assert.equal(exitCode, 2)
    assert.match(stderr, /root\.yaml:10:\d+: spec\.registries\[0\]\.acme\.account is "root"/)
  })

  test('doctor names each hop of its exchange, and the one that fails', async (t) => {
    const { cloud, file, sandbox, run } = await start(t)
    const path = await sandbox.write('plain.yaml', withoutIssuer(await read(file)))
    await run('refresh', '-f', path)
    const sound = await run('doctor', '-f', path)
    assert.match(sound.stdout, /exchange +ok/)
    assert.match(sound.stdout, /exchange\/authorization +ok/)
    cloud.trusted.clear()
    const refused = await run('doctor', '-f', path)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stdout, /^exchange +failed +EXCHANGE_REFUSED: acme of ClusterPullSecret\/pull$/m)
    assert.match(refused.stdout, /exchange\/authorization +skipped/)
  })

  test('trust plans, applies, proves and destroys its resource', async (t) => {
    const { cloud, sandbox, file, run } = await start(t, 'unknown')
    const path = await sandbox.write('plain.yaml', withoutIssuer(await read(file)))
    const plan = await run('trust', 'plan', '-f', path)
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(
      plan.stdout,
      /^would-grant +trusted subject +pullers trusts system:serviceaccount:image-system:pullpass$/m,
    )
    assert.match((await run('trust', 'plan', '-f', path, '-o', 'acme')).stdout, /^acme trust add pullers '/m)
    assert.match((await run('trust', 'plan', '-f', path, '-o', 'terraform')).stdout, /^resource "acme_trust"/m)

    const { stderr } = await run('trust', 'plan', '-f', path, '-o', 'gcloud')
    assert.match(stderr, /^note: resources at \S+ are not in these commands: trust plan -o acme$/m)

    const applied = await run('trust', 'apply', '-f', path, '--yes')
    assert.equal(applied.exitCode, 0, applied.stderr)
    assert.deepEqual([...(cloud.trusted.get('pullers') ?? [])], [`${sandbox.cluster.issuer} ${subject}`])
    assert.match(applied.stdout, /^ok +acme/m)

    const destroyed = await run('trust', 'destroy', '-f', path, '--yes')
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.equal(cloud.trusted.get('pullers')?.size, 0)
  })

  test('manifests contain its audience, its token life and its publisher', async (t) => {
    const { file, run } = await start(t)
    const { exitCode, stdout, stderr } = await run(
      'manifests',
      '-f',
      file,
      '--image',
      'registry.example.com/pullpass:1',
      '--publish-as',
      'acme:publisher',
    )
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /audiences\[0\] in \['acme:pullers'\]/)
    assert.match(stdout, /audience: acme:publisher/)
    assert.match(stdout, /name: ACME_TOKEN_FILE/)
    assert.match(stdout, /acme spaces grant publisher, 1 target/)
  })

  test('issuer publish writes to its store, and issuer check evaluates its requirements', async (t) => {
    const { sandbox, cloud, run } = await start(t)
    const { issuer } = sandbox.cluster
    const published = await run('issuer', 'publish', '--to', 'acme://issuers/cluster', '--issuer-url', issuer)
    assert.deepEqual([published.exitCode, published.stderr], [0, ''], published.stdout)
    assert.deepEqual(JSON.parse(cloud.stored.get('/store/issuers/cluster/discovery') ?? '').issuer, issuer)
    const check = await run('issuer', 'check', issuer, '--for', 'acme')
    assert.match(check.stdout, /^Acme +warning +\d warnings?$/m)
    const mistaken = await run('issuer', 'publish', '--to', 'https://spaces.acme.example.com/issuers/cluster')
    assert.match(mistaken.stderr, /did you mean --to acme:\/\/issuers\/cluster\?/)
  })

  test('the schema, the reference page, the help and completion know it', async (t) => {
    const { run } = await start(t)
    const { ClusterPullSecret } = await documentJsonSchemas(list)
    const registry = ClusterPullSecret.properties?.['spec']?.properties?.['registries']?.items?.properties ?? {}
    assert.equal(registry['acme']?.description, 'Acme Registry')
    assert.match(await renderDocumentPage(list), /### acme\n\nAcme Registry\.\n\n.*\n.*\n\| \*\*`account`\*\* \|/)
    assert.match((await run('issuer', 'publish', '--help')).stdout, /acme:\/\/SPACE\/PATH/)
    assert.match((await run('__complete', 'issuer', 'check', '--for', '')).stdout, /^acme$/m)
    assert.match((await run('__complete', 'trust', 'plan', '--replace', '')).stdout, /^region$/m)
  })
})
