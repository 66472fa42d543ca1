import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { runPullpass } from '../support/run-pullpass.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { cases, startVendor } from '../vendors/federated/cases.ts'
import { podPath, renderDocument, startGround } from './ground.ts'

/** The text below the table. */
async function report(sandbox: TestSandbox, argv: readonly string[], environment = {}) {
  const { stdout, exitCode } = await runPullpass(sandbox, ['doctor', ...argv], { environment })
  return { lines: stdout.slice(stdout.indexOf('\n\n') + 2), exitCode }
}

suite('the output of doctor:', () => {
  test('a namespace that does not exist is reported with those that exist', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { lines, exitCode } = await report(sandbox, ['-f', file, '-n', 'team-x'])
    assert.match(
      lines,
      /^NAMESPACE_NOT_FOUND \(namespace\): namespace team-x does not exist: the cluster has default, .*team-a, team-b$/m,
    )
    assert.match(lines, /^ {2}fix: correct the name in --namespace or --pod; or create the namespace/m)
    assert.equal(exitCode, 1)
  })

  test('where namespaces may not be listed, one that no document chooses is only that', async (t) => {
    const { sandbox, file } = await startGround(t)
    sandbox.cluster.authorization.forbid({ verbs: ['list'], resources: ['namespaces'] })
    const { lines } = await report(sandbox, ['-f', file, '-n', 'team-x'])
    assert.match(
      lines,
      /^NAMESPACE_NOT_SELECTED \(namespace\): team-x is selected by none of ClusterPullSecret\/pull$/m,
    )
  })

  test('a pull secret that does not exist, and is not attached, follows from an exchange that fails: the exchange is to be fixed first, and alone', async (t) => {
    const { sandbox, file, send } = await startGround(t)
    await send('DELETE', '/api/v1/namespaces/team-a/secrets/regcred')
    const unattached = { imagePullSecrets: [] }
    const path = '/api/v1/namespaces/team-a/serviceaccounts/default'
    await send('PATCH', path, unattached, 'application/merge-patch+json')
    sandbox.gcp.accounts.remove('puller@example-project.iam.gserviceaccount.com')
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file, '-n', 'team-a', '-o', 'json'])
    const { findings }: { findings: { hop: string; result: string; code: string; causedBy?: object }[] } =
      JSON.parse(stdout)
    assert.deepEqual(
      findings.filter(({ result }) => result === 'failed').map(({ hop, code }) => `${hop} ${code}`),
      ['impersonation IMPERSONATION_DENIED'],
    )
    for (const name of ['secret', 'service-account']) {
      const found = findings.find(({ hop }) => hop === name)
      assert.deepEqual(
        [found?.result, found?.code, found?.causedBy],
        ['skipped', 'DEPENDENCY_FAILED', { hop: 'impersonation', code: 'IMPERSONATION_DENIED' }],
      )
    }
  })

  test('an image of --image that does not exist is a failure, with its name', async (t) => {
    const { sandbox, file } = await startGround(t)
    for (const [odd, code] of [
      [sandbox.image.replace(/:1$/, ':2'), 'MANIFEST_UNKNOWN'],
      [sandbox.image.replace('hello', 'helo'), 'REPOSITORY_UNKNOWN'],
    ] as const) {
      const { lines, exitCode } = await report(sandbox, ['-f', file, '-n', 'team-a', '--image', odd])
      assert.match(
        lines,
        new RegExp(`^${code} \\(registry\\): ${odd}, .*: the registry accepts the credential and has no`, 'm'),
      )
      assert.match(lines, new RegExp(`^ {2}expected ${odd}, pushed there$`, 'm'))
      assert.equal(exitCode, 1)
    }
  })

  test('an image of another registry is not blamed on the hosts of a document of Google', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { lines, exitCode } = await report(sandbox, ['-f', file, '-n', 'team-a', '--image', 'nginx'])
    assert.match(lines, /^IMAGE_NOT_MATCHED \(registry\): no host of the documents matches nginx: /m)
    assert.match(
      lines,
      /^ {2}fix: these documents cannot issue a credential for docker\.io: a public image needs none; /m,
    )
    assert.doesNotMatch(lines, /name docker\.io under hosts/)
    assert.equal(exitCode, 1)
    const own = await report(sandbox, ['-f', file, '--image', 'us-docker.pkg.dev/example-project/images/app:1'])
    assert.match(own.lines, /^ {2}fix: name us-docker\.pkg\.dev under hosts of a registry in /m)
  })

  test('what is skipped names the first hop that failed, in the order of the table', async (t) => {
    const { sandbox, file, send, makePod } = await startGround(t)
    const patch = 'application/merge-patch+json'
    await send('PATCH', '/api/v1/namespaces/team-a/serviceaccounts/default', { imagePullSecrets: [] }, patch)
    await send('DELETE', `${podPath}/web-0`)
    await makePod()
    const waiting = { reason: 'ImagePullBackOff', message: '' }
    const status = { name: 'web', image: sandbox.image, imageID: '', ready: false, restartCount: 0, state: { waiting } }
    await send('PATCH', `${podPath}/web-0/status`, { status: { containerStatuses: [status] } }, patch)
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file, '--pod', 'team-a/web-0'])
    assert.match(stdout, /^service-account +failed /m)
    assert.match(stdout, /^pod +failed +POD_SECRET_MISSING/m)
    assert.match(stdout, /^back-off +skipped +because of service-account: SERVICE_ACCOUNT_NOT_ATTACHED$/m)
  })

  test('of a namespace that the document excludes it names the pattern, and after that is taken out all is well', async (t) => {
    const { sandbox, file } = await startGround(t, { include: ['team-*'], exclude: ['*-b'] })
    const { lines } = await report(sandbox, ['-f', file, '-n', 'team-b'])
    assert.match(
      lines,
      /^NAMESPACE_NOT_SELECTED \(namespace\): team-b is selected by none of ClusterPullSecret\/pull; ClusterPullSecret\/pull excludes "\*-b"$/m,
    )
    assert.match(
      lines,
      /^ {2}fix: remove "\*-b" from spec\.namespaces\.exclude in \S+pull\.yaml:1, or change it so that it does not match team-b; then refresh$/m,
    )
    assert.doesNotMatch(lines, /include/)
    await sandbox.write('pull.yaml', renderDocument(sandbox, { include: ['team-*'] }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual(await report(sandbox, ['-f', file, '-n', 'team-b']), {
      lines: 'No problems found.\n',
      exitCode: 0,
    })
  })

  test('a command that only shows the cause of a refusal follows the sentence that states the fix', async (t) => {
    const { sandbox, cloud, file } = await startVendor(t, cases['quay'] ?? assert.fail())
    Object.assign(cloud.trusted ?? {}, { subject: 'system:serviceaccount:a:b' })
    const { lines } = await report(sandbox, ['-f', file])
    assert.match(
      lines,
      /^ {2}fix: compare the federation of robot .* with the token: pullpass inspect -f \S+pull\.yaml$/m,
    )
    assert.doesNotMatch(lines, /^ {2}note: /m)
  })

  test('of the drop-in variables it names the variables', async (t) => {
    const { sandbox } = await startGround(t)
    const missing = await report(sandbox, [], { REGISTRY_SECRET_NAMESPACES: 'team-a,team-x' })
    assert.match(missing.lines, /^ {2}fix: kubectl create namespace team-x && pullpass refresh$/m)
    assert.match(missing.lines, /^ {2}note: or remove its name from REGISTRY_SECRET_NAMESPACES$/m)
    const laptop = { PULLPASS_TOKEN_FILE: undefined, REGISTRY_SECRET_NAMESPACES: 'team-a' }
    const foreign = await report(sandbox, [], laptop)
    assert.match(foreign.lines, /^SECRET_NOT_OURS .*managed by pullpass:ClusterPullSecret:pull/m)
    assert.match(foreign.lines, /or choose another REGISTRY_SECRET_NAME$/m)
    assert.doesNotMatch(foreign.lines, /spec\./)
    await runPullpass(sandbox, ['refresh'], { environment: { REGISTRY_SECRET_NAME: 'own' } })
    const email = 'other@example-project.iam.gserviceaccount.com'
    const other = await report(sandbox, [], { ...laptop, REGISTRY_SECRET_NAME: 'own', SERVICE_ACCOUNT_EMAIL: email })
    assert.match(other.lines, /it was written for an earlier form of the variables: registry google differs$/m)
  })

  test('on another machine, a failure does not hide how the rest is checked', async (t) => {
    const { sandbox, file, send } = await startGround(t)
    await rm(sandbox.folder.tokenFile)
    await send('DELETE', '/api/v1/namespaces/team-a/secrets/regcred')
    const { lines } = await report(sandbox, ['-f', file], { PULLPASS_TOKEN_FILE: undefined })
    assert.match(lines, /^SECRET_NOT_FOUND \(secret\)/m)
    assert.match(lines, /\nNot checked:\nTOKEN_FILE_ELSEWHERE \(subject-token\): /)
    assert.match(lines, /\n {2}fix: run pullpass doctor in that pod, .*: --service-account NAMESPACE\/NAME\n$/)
  })

  test('what is read by authorities of this run alone is not called public', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file])
    assert.match(
      stdout,
      /^discovery +ok +\S+: the discovery document and 1 key are readable here, with certificate authorities that clouds may not trust; to check this: pullpass issuer check https:\S+$/m,
    )
  })

  test('an account that does not exist is reported with the flag that names it, and its command once', async (t) => {
    const { sandbox, file } = await startGround(t)
    await rm(sandbox.folder.tokenFile)
    const { lines } = await report(sandbox, ['-f', file, '--service-account', 'image-system/absent'])
    assert.match(lines, /^ {2}expected the service account that --service-account names$/m)
    assert.equal(lines.split('kubectl create serviceaccount absent -n image-system').length, 2)
  })
})
