import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'

const variables = {
  PROJECT_NUMBER: '123456789012',
  POOL_ID: 'pool',
  PROVIDER_ID: 'cluster',
  SERVICE_ACCOUNT_EMAIL: 'puller@example-project.iam.gserviceaccount.com',
  REGISTRY_SECRET_NAME: 'regcred',
  REGISTRY_SECRET_NAMESPACES: 'default, team-*',
}
const emptyHost = { environment: variables, clock: { now: () => new Date(0), advance: () => undefined } }

const converted = `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata:
  name: regcred
spec:
  secretName: regcred
  namespaces:
    include:
      - default
      - team-*
  registries:
    - name: google
      hosts:
        - europe-docker.pkg.dev
      gcp:
        workloadIdentityProvider: projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster
        serviceAccountEmail: puller@example-project.iam.gserviceaccount.com
`

suite('pullpass init --from-env', () => {
  test('prints the document that the variables describe', async () => {
    const run = await runPullpass(emptyHost, ['init', '--from-env'])
    assert.deepEqual(run, { exitCode: 0, stdout: converted, stderr: '' })
  })

  test('with -o json prints it as JSON', async () => {
    const { stdout } = await runPullpass(emptyHost, ['init', '--from-env', '-o', 'json'])
    assert.deepEqual(JSON.parse(stdout), parse(converted))
  })

  test('with --service-account, tokens of that account are requested', async () => {
    const words = ['init', '--from-env', '--service-account', 'image-system/registry-sync']
    const { stdout } = await runPullpass(emptyHost, words)
    assert.equal(stdout, `${converted}  serviceAccountRef:\n    namespace: image-system\n    name: registry-sync\n`)
  })

  test('what refresh wrote from the variables is fresh for the document: no exchange, and no change', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runPullpass(sandbox, ['refresh'])
    const before = readPullSecret(sandbox, 'team-a')
    const file = join(sandbox.folder.path, 'pull.yaml')
    const written = await runPullpass(sandbox, ['init', '--from-env', '--out', file])
    assert.deepEqual(written, { exitCode: 0, stdout: '', stderr: `${file}: created\n` })
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '35m'])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /team-a\/regcred +google +unchanged/)
    assert.equal(sandbox.gcp.parts.sts.seen.length, 1)
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
  })

  test('overwrites no file', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = join(sandbox.folder.path, 'mine.yaml')
    await writeFile(file, 'mine')
    const { exitCode, stderr } = await runPullpass(sandbox, ['init', '--from-env', '--out', file])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^USAGE_INVALID \(run\): --out \S+mine\.yaml exists and is not overwritten\n/)
    assert.equal(await readFile(file, 'utf8'), 'mine')
  })

  test('requires --from-env, and every variable', async () => {
    const unnamed = await runPullpass(emptyHost, ['init'])
    assert.equal(unnamed.exitCode, 2)
    assert.match(
      unnamed.stderr,
      /^USAGE_INVALID \(run\): no registry is given\n {2}expected HOST\.\.\., or --from-env\n/,
    )
    const environment = { POOL_ID: undefined }
    const missing = await runPullpass(emptyHost, ['init', '--from-env'], { environment })
    assert.deepEqual([missing.exitCode, missing.stdout], [2, ''])
    assert.match(missing.stderr, /^VARIABLE_INVALID \(document\): variable POOL_ID is not set\n/)
  })

  test('without any variable, names all of them and no flag that init does not have', async () => {
    const none = Object.fromEntries(Object.keys(variables).map((name) => [name, undefined]))
    const { exitCode, stderr } = await runPullpass(emptyHost, ['init', '--from-env'], { environment: none })
    assert.equal(exitCode, 2)
    assert.match(stderr, /^VARIABLE_INVALID \(document\): variable PROJECT_NUMBER is not set\n/)
    for (const name of Object.keys(variables)) assert.match(stderr, new RegExp(`variable ${name} is not set`))
    assert.doesNotMatch(stderr, / -f\b/)
  })
})
