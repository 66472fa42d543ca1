import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { runPullpass } from '../support/run-pullpass.ts'
import { startGround } from './ground.ts'

interface Shown {
  readonly hop: string
  readonly code: string
}

suite('doctor checks what it may read', () => {
  test('what may not be read is skipped, and reported so', async (t) => {
    const { sandbox, file, send } = await startGround(t)
    sandbox.cluster.authorization.permit('kubernetes-admin', [{ verbs: ['get'], resources: ['pods'] }])
    const diagnose = async () => {
      const argv = ['doctor', '-f', file, '--pod', 'team-a/web-0', '-o', 'json']
      const { findings }: { findings: Shown[] } = JSON.parse((await runPullpass(sandbox, argv)).stdout)
      return findings.filter(({ code }) => code === 'NOT_READABLE').map(({ hop }) => hop)
    }
    assert.deepEqual(await diagnose(), ['secret', 'service-account', 'events'])
    sandbox.cluster.authorization.permit('kubernetes-admin', [])
    assert.deepEqual(await diagnose(), ['secret', 'service-account', 'pod'])
    await send('DELETE', '/api/v1/namespaces/team-a/pods/web-0')
  })

  test('a pod in a namespace where no document writes a Secret is not checked', async (t) => {
    const { sandbox, file, writeDocument } = await startGround(t)
    await writeDocument({ include: ['team-b'] })
    const argv = ['doctor', '-f', file, '--pod', 'team-a/web-0']
    const { stdout } = await runPullpass(sandbox, argv)
    assert.match(
      stdout,
      /^pod +skipped +NOT_APPLICABLE: Pod team-a\/web-0: no document writes a Secret into namespace team-a$/m,
    )
  })

  test('the message of the kubelet is quoted without the password in it', async (t) => {
    const { sandbox, file, makeEvent } = await startGround(t)
    const secret: unknown = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')?.['data']
    const [, encoded = ''] = /"\.dockerconfigjson":"([^"]+)"/.exec(JSON.stringify(secret)) ?? []
    const [, auth = ''] = /"auth":"([^"]+)"/.exec(Buffer.from(encoded, 'base64').toString()) ?? []
    assert.notEqual(auth, '')
    await makeEvent('Failed', `Failed to pull image "${sandbox.image}": no route to host`)
    const diagnose = async () => (await runPullpass(sandbox, ['doctor', '-f', file, '--pod', 'team-a/web-0'])).stdout
    assert.match(
      await diagnose(),
      /^events +ok +Pod team-a\/web-0: no container waits now; its kubelet reported at 2026-11-24T12:00:00Z "Failed to pull image "\S+": no route to host"$/m,
    )
    await makeEvent('Failed', `Failed to pull image "${sandbox.image}": refused ${auth}`, '2026-11-24T12:00:01Z')
    const report = await diagnose()
    assert.match(
      report,
      /its kubelet reported at 2026-11-24T12:00:01Z \(its words are withheld: they repeat a secret\)$/m,
    )
    assert.ok(!report.includes(auth))
  })

  test('where a token fails, rights and Secrets are checked nevertheless', async (t) => {
    const { sandbox, file } = await startGround(t)
    await rm(sandbox.folder.tokenFile)
    const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file])
    for (const hop of ['rights', 'namespace', 'secret', 'service-account'])
      assert.match(stdout, new RegExp(`^${hop} +ok `, 'm'))
    for (const hop of ['exchange', 'impersonation', 'registry', 'write'])
      assert.match(stdout, new RegExp(`^${hop} +skipped +because of subject-token: TOKEN_FILE_UNREADABLE$`, 'm'))
    const { stdout: json } = await runPullpass(sandbox, ['doctor', '-f', file, '-o', 'json'])
    const { findings }: { findings: (Shown & { causedBy?: object })[] } = JSON.parse(json)
    const skipped = findings.filter(({ code }) => code === 'DEPENDENCY_FAILED')
    const causedBy = { hop: 'subject-token', code: 'TOKEN_FILE_UNREADABLE' }
    assert.deepEqual(
      skipped.map((finding) => [finding.hop, finding.causedBy]),
      ['exchange', 'impersonation', 'registry', 'write'].map((hop) => [hop, causedBy]),
    )
  })
})
