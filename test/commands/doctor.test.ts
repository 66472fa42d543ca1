import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { startGround } from '../doctor/ground.ts'
import { signToken } from '../doctor/sign-token.ts'
import { createPlantedSecrets } from '../support/planted-secrets.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'

const email = 'puller@example-project.iam.gserviceaccount.com'

/** The arguments of each program in a command, as a real shell parses it. */
async function wordsInShell({ folder }: TestSandbox, command: string): Promise<string[][]> {
  const shim = "#!/bin/sh\nprintf '%s\\0' \"$@\"; printf '\\n'\n"
  for (const program of ['pullpass', 'kubectl', 'gcloud'])
    await writeFile(join(folder.path, program), shim, { mode: 0o700 })
  const env = { PATH: `${folder.path}:/usr/bin:/bin` }
  const { stdout } = await promisify(execFile)('sh', ['-c', command], { env, cwd: folder.path })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\0').slice(0, -1))
}

suite('pullpass doctor', () => {
  test('shows a row for each hop, and states when no fault was found', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { stdout, exitCode } = await runPullpass(sandbox, ['doctor', '-f', file, '--pod', 'team-a/web-0'])
    const lines = stdout.trimEnd().split('\n')
    assert.match(lines[0] ?? '', /^HOP +RESULT +SEEN$/)
    assert.equal(lines.at(-1), 'No problems found.')
    assert.match(stdout, /^rights +ok +5 of 5: allowed to this user$/m) // three of the Secret, two of the account
    assert.equal(exitCode, 0)
  })

  test('reports the first hop that fails with what was seen, what was expected, and the command that fixes it', async (t) => {
    const { sandbox, file } = await startGround(t)
    sandbox.gcp.accounts.denyTokens(email, sandbox.gcp.principal)
    const { stdout, stderr, exitCode } = await runPullpass(sandbox, ['doctor', '-f', file])
    const report = stdout
      .slice(stdout.indexOf('\n\n') + 2)
      .trimEnd()
      .split('\n')
    const member = sandbox.gcp.principal
    assert.deepEqual(report, [
      'Fix first:',
      'IMPERSONATION_DENIED (impersonation): google of ClusterPullSecret/pull: Google responded with 403 "Permission \'iam.serviceAccounts.getAccessToken\' denied on resource (or it may not exist)."',
      `  expected ${member} to have roles/iam.workloadIdentityUser on ${email}`,
      `  fix: pullpass trust apply -f ${file} --subject system:serviceaccount:image-system:pullpass`,
      `  note: it would grant roles/iam.workloadIdentityUser on ${email} for ${member}`,
    ])
    assert.equal(stderr, '')
    assert.equal(exitCode, 1)
  })

  test('checks documents of a controller, and an exported custom resource', async (t) => {
    const { sandbox, file, writeDocument } = await startGround(t)
    await writeDocument({ more: '  stuckPods: Evict\n  deletionPolicy: Delete' })
    const { stdout, exitCode } = await runPullpass(sandbox, ['doctor', '-f', file, '--pod', 'team-a/web-0'])
    assert.match(
      stdout,
      /^document +ok +ClusterPullSecret pull: \S+pull\.yaml:1: spec\.stuckPods is Evict: the controller honours it, pullpass refresh refuses the document; spec\.deletionPolicy is Delete: the controller honours it in a custom resource, and refuses it in a file$/m,
    )
    assert.equal(exitCode, 0)
  })

  test('of a document that pullpass refresh refuses, the fix is the controller', async (t) => {
    const { sandbox, file, send, writeDocument } = await startGround(t)
    await writeDocument({ more: '  stuckPods: Evict' })
    await send('DELETE', '/api/v1/namespaces/team-b/secrets/regcred')
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file])
    assert.match(stdout, /^SECRET_NOT_FOUND \(secret\)/m)
    assert.match(
      stdout,
      /^ {2}fix: pullpass controller writes it: see its log, or install the controller with pullpass manifests --controller \(pullpass refresh refuses the document: \S+pull\.yaml:1: spec\.stuckPods is Evict in ClusterPullSecret pull\)$/m,
    )
    assert.doesNotMatch(stdout, /pullpass refresh -f/)
  })

  test('of a document with deletionPolicy: Delete, the fix is the controller for custom resources', async (t) => {
    const { sandbox, file, send, writeDocument } = await startGround(t)
    await writeDocument({ more: '  deletionPolicy: Delete' })
    await send('DELETE', '/api/v1/namespaces/team-b/secrets/regcred')
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file])
    assert.match(
      stdout,
      /^ {2}fix: pullpass controller writes it: see its log, or install the controller with pullpass manifests --controller --custom-resources, and apply the document with kubectl \(/m,
    )
  })

  test('lists the other failures that do not follow from the first', async (t) => {
    const { sandbox, file, send } = await startGround(t)
    sandbox.gcp.accounts.denyTokens(email, sandbox.gcp.principal)
    await send('DELETE', '/api/v1/namespaces/team-b/secrets/regcred')
    const metadata = { namespace: 'team-b', name: 'regcred' }
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque' })
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file])
    assert.match(
      stdout,
      /\nAlso failed:\n {2}SECRET_TYPE_WRONG \(secret\): Secret team-b\/regcred: its type is Opaque, .*\n$/,
    )
  })

  test('-o json and -o yaml contain the same data', async (t) => {
    const { sandbox, file, send } = await startGround(t)
    await send('DELETE', '/api/v1/namespaces/team-a/secrets/regcred')
    const json = await runPullpass(sandbox, ['doctor', '-f', file, '-o', 'json'])
    const report: { result: string; firstFailure: object } = JSON.parse(json.stdout)
    assert.equal(report.result, 'failed')
    assert.deepEqual(report.firstFailure, {
      hop: 'secret',
      about: 'Secret team-a/regcred',
      namespace: 'team-a',
      secret: 'regcred',
      result: 'failed',
      code: 'SECRET_NOT_FOUND',
      seen: 'it does not exist',
      expected: 'the pull secret of the document',
      command: `pullpass refresh -f ${file}`,
    })
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file, '-o', 'yaml'])
    assert.deepEqual(parse(stdout), report)
    assert.equal(json.exitCode, 1)
  })

  test('changes nothing: not in the cluster, not at Google', async (t) => {
    const { sandbox, file } = await startGround(t)
    sandbox.gcp.accounts.denyTokens(email, sandbox.gcp.principal)
    const before = sandbox.cluster.store.resourceVersion
    const seen = sandbox.gcp.parts.iam.seen.length
    await runPullpass(sandbox, ['doctor', '-f', file, '--pod', 'team-a/web-0', '--image', sandbox.image])
    sandbox.gcp.accounts.allowTokens(email, sandbox.gcp.principal)
    await runPullpass(sandbox, ['doctor', '-f', file, '--pod', 'team-a/web-0', '--image', sandbox.image])
    assert.equal(sandbox.cluster.store.resourceVersion, before)
    const requests = sandbox.gcp.parts.iam.seen
      .slice(seen)
      .filter(({ method, path }) => method !== 'GET' && !path.endsWith(':getIamPolicy'))
    assert.deepEqual(requests, [])
  })

  test('prints the flags of its own command line in the commands that fix', async (t) => {
    const { sandbox, file, send } = await startGround(t)
    await send('DELETE', '/api/v1/namespaces/team-a/secrets/regcred')
    const { kubeconfigFile, tokenFile } = sandbox.folder
    const flags = ['--kubeconfig', kubeconfigFile, '--context', 'sandbox', '--token-file', tokenFile]
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file, ...flags])
    const content = `  fix: pullpass refresh -f ${file} --token-file ${tokenFile} --kubeconfig ${kubeconfigFile} --context sandbox\n`
    assert.ok(stdout.endsWith(content), stdout)
  })

  test('the fix of an expired token of --token-file is not an installation', async (t) => {
    const { sandbox, file } = await startGround(t)
    sandbox.clock.advance('2 h')
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file, '--token-file', sandbox.folder.tokenFile])
    assert.match(
      stdout,
      /^TOKEN_EXPIRED \(subject-token\): .*\n.*\n {2}fix: read the token from the pod's own projected volume/m,
    )
    assert.doesNotMatch(stdout, /pullpass manifests/)
  })

  test('from a laptop, the fix is a run of the CronJob, where the service account is known', async (t) => {
    const { sandbox, file, send } = await startGround(t)
    await send('DELETE', '/api/v1/namespaces/team-a/secrets/regcred')
    const diagnose = async (...more: string[]) => {
      const environment = { PULLPASS_TOKEN_FILE: undefined }
      const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file, ...more], { environment })
      return stdout.slice(stdout.indexOf('\n  fix: ') + 1).replace(/Not checked:.*/s, '')
    }
    assert.equal(
      await diagnose('--service-account', 'image-system/pullpass'),
      '  fix: kubectl create job --from=cronjob/pullpass pullpass-manual-1795521600 -n image-system\n' +
        '  note: runs the CronJob of pullpass manifests now: the token file is in its pod\n',
    )
    const byHand = `  fix: run pullpass refresh -f ${file} in the pod that refreshes, which has the token file\n`
    assert.equal(await diagnose(), byHand)
  })

  test('external values are quoted as one shell word in a printed command', async (t) => {
    const { sandbox } = await startGround(t)
    const name = "it's $(touch broken) `pull`.yaml"
    const file = await sandbox.write(name, await readFile(join(sandbox.folder.path, 'pull.yaml')))
    const issuer = `${sandbox.cluster.issuer}/$(touch-broken)`
    await sandbox.write('oidc-token', await signToken(sandbox, { issuer }))
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file, '-o', 'json'])
    const { firstFailure }: { firstFailure: { code: string; command: string } } = JSON.parse(stdout)
    assert.equal(firstFailure.code, 'DISCOVERY_NOT_FOUND')
    assert.deepEqual(await wordsInShell(sandbox, firstFailure.command), [
      ['issuer', 'publish', '--to', 'gs://example-cluster/$(touch-broken)'],
    ])
    await sandbox.writeToken()
    sandbox.gcp.accounts.denyTokens(email, sandbox.gcp.principal)
    const denied = JSON.parse((await runPullpass(sandbox, ['doctor', '-f', file, '-o', 'json'])).stdout)
    const subject = ['--subject', 'system:serviceaccount:image-system:pullpass']
    assert.deepEqual(await wordsInShell(sandbox, denied.firstFailure.command), [
      ['trust', 'apply', '-f', file, ...subject],
    ])
  })

  test('shows no token and no password, whatever fails', async (t) => {
    const { sandbox, file, send } = await startGround(t)
    const secrets = createPlantedSecrets()
    const bearer = /token: (\S+)/.exec(sandbox.kubeconfig)?.[1] ?? ''
    const plant = () => {
      const config = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')?.['data']
      secrets.plant('the pull secret', JSON.stringify(config))
      secrets.plant("the kubeconfig's token", bearer)
    }
    plant()
    const token = await sandbox.cluster.signServiceAccountToken({
      namespace: 'image-system',
      name: 'pullpass',
      audiences: [`//iam.googleapis.com/${sandbox.gcp.provider}`],
      lifeSeconds: 3600,
    })
    await sandbox.write('oidc-token', token)
    secrets.plant('the subject token', token)
    const checkOutput = async (where: string) => {
      for (const way of [[], ['-o', 'json', '--log-level', 'debug', '--log-format', 'json']]) {
        const argv = ['doctor', '-f', file, '--pod', 'team-a/web-0', '--image', sandbox.image, ...way]
        const { stdout, stderr } = await runPullpass(sandbox, argv)
        secrets.assertAbsent(stdout, `${where}: stdout`)
        secrets.assertAbsent(stderr, `${where}: stderr`)
      }
    }
    await checkOutput('healthy')
    const repeated = {
      kind: 'response',
      response: { status: 400, body: { error: 'invalid_grant', error_description: `no: ${token}` } },
    } as const
    sandbox.gcp.parts.sts.faults.inject(repeated)
    await checkOutput('a token service that repeats the token')
    sandbox.gcp.parts.sts.faults.clear()
    sandbox.parts.kubernetes.faults.inject(
      {
        kind: 'response',
        response: { status: 403, body: { kind: 'Status', message: `no: ${bearer}`, code: 403, status: 'Failure' } },
      },
      { when: ({ path }) => path.endsWith('/pods/web-0') },
    )
    await checkOutput('an API server that repeats the bearer')
    sandbox.parts.kubernetes.faults.clear()
    await send(
      'PATCH',
      '/api/v1/namespaces/team-a/secrets/regcred?fieldManager=x',
      { data: { '.dockerconfigjson': Buffer.from(`{"auths":{"h":{"auth":"${token}"}}}`).toString('base64') } },
      'application/merge-patch+json',
    )
    await checkOutput('a Secret with a token in its place')
  })

  test('an invalid document is reported as the first hop', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', 'kind: ClusterPullSecret\n')
    const { stdout, exitCode } = await runPullpass(sandbox, ['doctor', '-f', file])
    assert.match(stdout, /^document +failed +DOCUMENT_INVALID: \S+pull\.yaml$/m)
    assert.match(
      stdout,
      /^ {2}also \S+pull\.yaml:1:1: spec is missing, expected an object with namespaces, registries$/m,
    )
    assert.equal(exitCode, 1)
  })

  test('an invalid variable is reported as the first hop', async (t) => {
    const sandbox = await startTestSandbox(t)
    const environment = { PULLPASS_GCP_STS_ENDPOINT: 'ftp://sts.example.com' }
    const { stdout, exitCode } = await runPullpass(sandbox, ['doctor'], { environment })
    assert.match(stdout, /^VARIABLE_INVALID \(document\): the environment: variable PULLPASS_GCP_STS_ENDPOINT is /m)
    assert.equal(exitCode, 1)
  })

  for (const [title, argv, seen] of [
    ['an image of no name', ['--image', 'UPPER/case:tag:tag'], /--image is "UPPER\/case:tag:tag", not an image name/],
    ['a pod without its namespace', ['--pod', 'web-0'], /--pod is "web-0"\n {2}expected NAMESPACE\/NAME/],
    [
      'a service account without its namespace',
      ['--service-account', 'pullpass'],
      /--service-account is "pullpass"\n {2}expected NAMESPACE\/NAME/,
    ],
    [
      'two namespaces',
      ['-n', 'team-b', '--pod', 'team-a/web-0'],
      /--namespace is "team-b", and --pod is "team-a\/web-0"/,
    ],
  ] as const) {
    test(`${title} is a usage error`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const { stderr, exitCode } = await runPullpass(sandbox, ['doctor', ...argv])
      assert.match(stderr, /^USAGE_INVALID/)
      assert.match(stderr, seen)
      assert.equal(exitCode, 2)
    })
  }
})
