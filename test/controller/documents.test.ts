import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { selectTeams, startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until } from './virtual-time.ts'

const step = (description: string) => ({ stepMs: 10_000, description })
const valid = (value: number, metric: (sample: string) => number | undefined) => () =>
  metric('documents_valid') === value

suite('when a file of documents changes, the controller', () => {
  test('writes the Secrets of namespaces that it selects now, within ten seconds', async (t) => {
    const { sandbox, start, file, time, hasSecret, exchanges } = await startControllerTest(t)
    const { whenFresh } = await start()
    await whenFresh(2)
    await writeFile(file, documentText(sandbox, { include: ['team-*', 'default'] }))
    time.advance(10_000)
    await whenFresh(3)
    assert.deepEqual([hasSecret('default'), exchanges()], [true, 1])
  })

  test('exchanges again if the identity changes, and replaces the credential in place', async (t) => {
    const { sandbox, start, file, time, exchanges } = await startControllerTest(t)
    const { whenFresh } = await start()
    await whenFresh(2)
    const before = readPullSecret(sandbox, 'team-a')
    const registries = { google: { host: 'europe-docker.pkg.dev', account: 'none' } }
    await writeFile(file, documentText(sandbox, { include: ['team-*'], registries }))
    await advanceUntil(time, step('the exchange'), () => exchanges() === 2)
    const changed = () => readPullSecret(sandbox, 'team-a')
    await until('the Secret', () => changed()?.resourceVersion !== before?.resourceVersion)
    assert.equal(changed()?.uid, before?.uid)
    assert.notDeepEqual(changed()?.auths, before?.auths)
  })

  test('writes another Secret if the secretName changes, and leaves the earlier one in place', async (t) => {
    const { sandbox, start, file, time, hasSecret } = await startControllerTest(t)
    const { whenFresh, logged } = await start()
    await whenFresh(2)
    await writeFile(file, selectTeams(sandbox).replace('secretName: regcred', 'secretName: other'))
    time.advance(10_000)
    await until('the other Secret', () => readPullSecret(sandbox, 'team-a', 'other') !== undefined)
    assert.ok(hasSecret('team-a'))
    assert.match(
      logged.join('\n'),
      /^warn a document has another secretName: .* stay, .* other google regcred delete them /m,
    )
  })

  for (const [fault, change] of [
    ['is invalid', (file) => writeFile(file, 'kind: Nonsense\n')],
    ['does not exist', (file) => rm(file)],
    [
      'has a field that the controller does not support',
      (file, sandbox) => writeFile(file, selectTeams(sandbox).replace('spec:', 'spec:\n  deletionPolicy: Delete')),
    ],
  ] as readonly (readonly [string, (file: string, sandbox: TestSandbox) => Promise<void>])[]) {
    test(`keeps the last valid documents if it ${fault}: it reports that, deletes nothing, and goes on`, async (t) => {
      const { sandbox, start, file, time, addNamespace, hasSecret } = await startControllerTest(t)
      const { whenFresh, metric, logged, health } = await start()
      await whenFresh(2)
      const before = readPullSecret(sandbox, 'team-a')
      await change(file, sandbox)
      await advanceUntil(time, step('the error'), valid(0, metric))
      for (let attempt = 0; attempt < 3; attempt++) {
        time.advance(10_000)
        await turn()
      }
      addNamespace('team-new')
      await whenFresh(3)
      assert.deepEqual([readPullSecret(sandbox, 'team-a'), hasSecret('team-b')], [before, true])
      const errors = logged.filter((line) => line.startsWith('error'))
      assert.equal(errors.length, 1, logged.join('\n'))
      assert.match(errors[0] ?? '', /^error the documents are invalid, and the last valid ones stay in use DOCUMENT_/)
      assert.match(
        health('/readyz'),
        /^\[\+\]watches ok\n\[\+\]lease ok\nreadyz check passed\nthe last valid documents are in use: DOCUMENT_[A-Z]+: .+; expected /,
      )
      await writeFile(file, selectTeams(sandbox))
      await advanceUntil(time, step('the valid file'), valid(1, metric))
    })
  }

  for (const [change, changed] of [
    ['is corrected', (sandbox) => selectTeams(sandbox)],
    ['is removed', (sandbox) => documentText(sandbox, { name: 'other', include: ['default'] })],
  ] as readonly (readonly [string, (sandbox: TestSandbox) => string])[]) {
    test(`ends the failure of an exchange whose document ${change}, in the log and on the status page`, async (t) => {
      const { sandbox, start, file, time } = await startControllerTest(t, {
        document: (one) =>
          documentText(one, { include: ['team-*'], more: '  serviceAccountRef: {namespace: default, name: absent}' }),
      })
      const { logged, page } = await start()
      await until('the failure', () => page().includes('TOKEN_REQUEST_REFUSED'))
      await writeFile(file, changed(sandbox))
      await advanceUntil(time, step('the end'), () => logged.some((line) => line.includes('a failure has ended')))
      assert.doesNotMatch(page(), /TOKEN_REQUEST_REFUSED/)
      const ended =
        /^info a failure has ended TOKEN_REQUEST_REFUSED subject-token .* its document or namespace was changed or deleted$/m
      assert.match(logged.join('\n'), ended)
    })
  }

  test('reports the entries of an earlier form of a document that cannot be exchanged as it is now, until they expire', async (t) => {
    const { sandbox, start, file, time } = await startControllerTest(t)
    const { whenFresh, page, metric } = await start()
    await whenFresh(2)
    const more = '  serviceAccountRef: {namespace: default, name: absent}'
    await writeFile(file, documentText(sandbox, { include: ['team-*'], more }))
    const earlier = /2 namespaces have an entry of an earlier form of the document, valid until [^ ]+, in \d+ min\./
    const refused = /TOKEN_REQUEST_REFUSED.* fresh in 0 of 2 namespaces\..* absent or expired 0 /
    await advanceUntil(time, step('the page'), () => earlier.test(page()) && refused.test(page()))
    const secondsLeft = () => metric('seconds_to_expiry{document="ClusterPullSecret/pull",registry="google"}') ?? 0
    assert.ok(secondsLeft() > 600, `${secondsLeft()}`)
    assert.equal(metric('namespaces_fresh{document="ClusterPullSecret/pull"}'), 0)
    await advanceUntil(time, { stepMs: 60_000, description: 'the expiry' }, () => secondsLeft() < 0)
    await until('the page', () => /absent or expired 2 /.test(page()) && !earlier.test(page()))
  })

  test('leaves the Secrets of a document that was removed in place, and refreshes them no more', async (t) => {
    const { sandbox, start, file, time, exchanges } = await startControllerTest(t)
    const { whenFresh, metric } = await start()
    await whenFresh(2)
    const before = readPullSecret(sandbox, 'team-a')
    await writeFile(file, documentText(sandbox, { name: 'other', include: ['default'] }))
    time.advance(10_000)
    await whenFresh(1, 'ClusterPullSecret/other')
    await advanceUntil(time, step('a refresh of the other document'), () => exchanges() === 2)
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
    assert.equal(metric('namespaces_desired{document="ClusterPullSecret/pull"}'), undefined)
  })
})
