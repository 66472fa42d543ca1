import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { runPullpass } from '../support/run-pullpass.ts'
import { startGround } from './ground.ts'

suite('doctor, from a laptop,', () => {
  test('rights are those of the account that refreshes, where the user may review them', async (t) => {
    const { sandbox, file } = await startGround(t)
    sandbox.cluster.authorization.permit('system:serviceaccount:image-system:pullpass', [
      { verbs: ['list', 'create'], resources: ['secrets'], resourceNames: ['regcred'] },
      { verbs: ['list', 'patch'], resources: ['serviceaccounts'], resourceNames: ['default'] },
    ])
    const argv = ['doctor', '-f', file, '-n', 'team-a', '--service-account', 'image-system/pullpass']
    const lacking = await runPullpass(sandbox, argv)
    assert.match(
      lacking.stdout,
      /^PERMISSION_MISSING \(rights\): .*service account image-system\/pullpass may not patch secrets regcred in team-a$/m,
    )
    assert.match(
      lacking.stdout,
      /^ {2}fix: pullpass manifests -f \S+ -n image-system --image "\$\{IMAGE:\?\}" \| kubectl apply/m,
    )
    assert.equal(lacking.exitCode, 1)

    sandbox.cluster.authorization.forbid({
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['subjectaccessreviews'],
    })
    const own = await runPullpass(sandbox, argv)
    assert.match(own.stdout, /^rights +ok +5 of 5: allowed to this user$/m)
  })

  test('the account whose tokens are requested may not be the one that refreshes: missing permissions are a warning', async (t) => {
    const { sandbox, file } = await startGround(t, {
      more: '  serviceAccountRef: {namespace: image-system, name: pullpass}',
    })
    const account = 'system:serviceaccount:image-system:pullpass'
    const diagnose = async () => await runPullpass(sandbox, ['doctor', '-f', file, '-n', 'team-a'])
    sandbox.cluster.authorization.permit(account, [])
    assert.match(
      (await diagnose()).stdout,
      /^rights +ok +4 of 4: allowed to this user$|^rights +ok .*: allowed to this user$/m,
    )
    sandbox.cluster.authorization.permit(account, [{ verbs: ['list'], resources: ['secrets'] }])
    const { stdout, exitCode } = await diagnose()
    assert.match(stdout, /^rights +warning +PERMISSION_MISSING: /m)
    assert.match(stdout, /if another account refreshes, name it: --service-account NAMESPACE\/NAME$/m)
    assert.equal(exitCode, 0)
  })

  test('with serviceAccountRef, the named account is the one that refreshes: its permissions, and not its token', async (t) => {
    const { sandbox, file } = await startGround(t, {
      more: '  serviceAccountRef: {namespace: image-system, name: pullpass}',
    })
    const argv = ['doctor', '-f', file, '-n', 'team-a', '--service-account', 'image-system/refresher']
    sandbox.cluster.authorization.permit('system:serviceaccount:image-system:refresher', [
      { verbs: ['list'], resources: ['secrets'] },
    ])
    const { exitCode, stdout } = await runPullpass(sandbox, argv)
    assert.equal(exitCode, 1)
    assert.match(stdout, /^subject-token +ok .*system:serviceaccount:image-system:pullpass/m)
    assert.match(stdout, /^PERMISSION_MISSING \(rights\): .*service account image-system\/refresher may not /m)
  })

  test('where a controller refreshes, its own permissions are checked, and its log states why a Secret is missing', async (t) => {
    const { sandbox, file } = await startGround(t)
    const deployment = { spec: { replicas: 2 }, status: { readyReplicas: 2 } }
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 200, body: deployment } },
      { when: ({ path }) => path.endsWith('/deployments/pullpass-controller') },
    )
    sandbox.cluster.authorization.permit('system:serviceaccount:image-system:pullpass', [
      { verbs: ['list', 'create', 'patch'], resources: ['secrets'] },
    ])
    const secret = sandbox.cluster.store.read('Secret', 'team-a', 'regcred') ?? assert.fail()
    sandbox.cluster.store.remove(secret)
    const argv = ['doctor', '-f', file, '-n', 'team-a', '--service-account', 'image-system/pullpass', '-o', 'json']
    const { findings } = JSON.parse(
      (await runPullpass(sandbox, argv, { environment: { PULLPASS_TOKEN_FILE: undefined } })).stdout,
    )
    const lacking = findings.filter(({ code }: { code: string }) => code === 'PERMISSION_MISSING')
    assert.ok(lacking.some(({ about }: { about: string }) => about.startsWith('watch secrets regcred')))
    assert.ok(lacking.some(({ about }: { about: string }) => about.startsWith('patch leases pullpass-controller')))
    assert.match(lacking[0].command, /^pullpass manifests -f \S+ --controller -n image-system /)
    const missing = findings.find(({ code }: { code: string }) => code === 'SECRET_NOT_FOUND')
    assert.match(missing.command, /^kubectl logs deployment\/pullpass-controller -n image-system/)
  })

  test('a controller of another namespace that runs is named, by its Lease', async (t) => {
    const { sandbox, file } = await startGround(t)
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 200, body: { spec: { suspend: false } } } },
      { when: ({ path }) => path.endsWith('/cronjobs/pullpass') },
    )
    for (const [namespace, name] of [
      ['team-b', 'pullpass-controller'],
      ['team-a', 'other'],
    ] as const)
      sandbox.cluster.seed({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace, name },
        spec: { holderIdentity: `${namespace}-1`, renewTime: '2026-11-24T12:00:00.000000Z' },
      })
    const argv = ['doctor', '-f', file, '-n', 'team-a', '--service-account', 'image-system/pullpass', '-o', 'json']
    const { findings } = JSON.parse((await runPullpass(sandbox, argv)).stdout)
    const [twice, ...more] = findings.filter(({ code }: { code: string }) => code === 'REFRESH_TWICE')
    assert.deepEqual([twice?.about, more.length], ['controllers in team-b', 0])
    assert.match(twice.seen, /Lease team-b\/pullpass-controller \(team-b-1\)$/)
  })

  test('what needs a token that the cluster does not issue names the failure of the cluster', async (t) => {
    const { sandbox, file, pullpass } = await startGround(t, {
      more: '  serviceAccountRef: {namespace: image-system, name: pullpass}',
    })
    sandbox.parts.kubernetes.faults.inject({ kind: 'reset', at: 'request' })
    const { stdout } = await pullpass(['doctor', '-f', file])
    for (const hop of ['subject-token', 'exchange', 'impersonation', 'registry'])
      assert.match(stdout, new RegExp(`^${hop} +skipped +because of cluster: KUBERNETES_UNREACHABLE$`, 'm'))
    assert.doesNotMatch(stdout, /DEPENDENCY_FAILED/)
  })

  test('without the token of a pod, it reports what was not checked, and checks the rest', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { exitCode, stdout } = await runPullpass(sandbox, ['doctor', '-f', file], {
      environment: { PULLPASS_TOKEN_FILE: undefined },
    })
    assert.match(
      stdout,
      /^subject-token +skipped +TOKEN_FILE_ELSEWHERE: google of ClusterPullSecret\/pull: \/var\/run\/secrets\/tokens\/oidc-token is a file in the pod/m,
    )
    assert.match(stdout, /^secret +ok +Secret regcred: 2 of 2: valid until /m)
    assert.match(
      stdout,
      /\n {2}fix: run pullpass doctor in that pod, or request a token of its service account: --service-account NAMESPACE\/NAME\n$/,
    )
    assert.equal(exitCode, 0)
  })
})
