import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { interruption } from '../../../src/commands/run/run.ts'
import { documentText } from '../../support/document-text.ts'
import { type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { seedSecret, startStatusSandbox } from './status-sandbox.ts'

interface Watching {
  /** Texts that were printed. */
  readonly printed: readonly string[]
  /** Waits until so many texts were printed. */
  readonly until: (count: number) => Promise<void>
  /** As if the time until the next change of a state, or of reading files, had passed. */
  readonly wake: () => void
  /** Stops it, as Ctrl-C does. */
  readonly stop: () => Promise<PullpassRun>
}

function startWatching(sandbox: TestSandbox, words: readonly string[], rows?: number): Watching {
  const end = new AbortController()
  const printed: string[] = []
  let waiting: { count: number; resolve: () => void } | undefined
  const sleeping = new Set<() => void>()
  const running = runPullpass(sandbox, ['status', '--watch', ...words], {
    signal: end.signal,
    ...(rows !== undefined && { rows }),
    onPrint(text) {
      printed.push(text)
      if (waiting && printed.length >= waiting.count) waiting.resolve()
    },
    sleep: async (ms, signal) => {
      if (ms < 1_000) return
      await new Promise<void>((resolve, reject) => {
        sleeping.add(resolve)
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    },
  })
  return {
    printed,
    wake() {
      for (const wakeUp of sleeping) wakeUp()
      sleeping.clear()
    },
    until: async (count) => {
      if (printed.length >= count) return
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting = { count, resolve }
      await Promise.race([promise, running])
    },
    stop: async () => {
      end.abort(interruption('SIGINT'))
      return await running
    },
  }
}

suite('pullpass status --watch', () => {
  test('prints the table, then each row that changes, also with the time; it ends with exit code 0', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const text = startWatching(sandbox, [])
    const problems = startWatching(sandbox, ['--problems', '-o', 'json'])
    const frames = startWatching(sandbox, [], 6)
    await Promise.all([text.until(1), problems.until(1), frames.until(1)])
    assert.deepEqual(text.printed[0]?.split('\n').slice(0, 2), [
      'NAMESPACE  NAME     REGISTRIES  STATE    EXPIRES    REFRESHED  PROBLEM',
      'team-a     regcred  google      fresh    in 60 min  now',
    ])

    seedSecret(sandbox, 'new', { creationTimestamp: '2026-11-24T12:00:00Z' })
    await Promise.all([text.until(2), frames.until(2)])
    assert.equal(text.printed[1], 'team-b     new      -           unknown  -          -')

    sandbox.clock.advance('2 h')
    for (const watching of [text, problems, frames]) watching.wake()
    await Promise.all([text.until(4), problems.until(3), frames.until(3)])
    assert.match(
      text.printed[2] ?? '',
      /^team-a {5}regcred {2}google {6}expired {2}60 min ago {2}2 h ago {4}SECRET_EXPIRED: /,
    )

    const removed = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    if (removed !== undefined) sandbox.cluster.store.remove(removed)
    await Promise.all([text.until(5), problems.until(4)])
    assert.match(text.printed[4] ?? '', /^team-a {5}regcred {2}google {6}deleted /)

    const ends = await Promise.all([text.stop(), problems.stop(), frames.stop()])
    assert.deepEqual(
      ends.map(({ exitCode, stderr }) => [exitCode, stderr]),
      [
        [0, ''],
        [0, ''],
        [0, ''],
      ],
    )
    const [first, ...changes] = problems.printed.map((line) => JSON.parse(line))
    assert.deepEqual([first.kind, first.secrets], ['StatusResult', []])
    assert.deepEqual(
      changes.map(({ kind, type, result, secret }) => [kind, type, result, secret.namespace, secret.result]),
      [
        ['StatusChange', 'changed', 'failed', 'team-a', 'expired'],
        ['StatusChange', 'changed', 'failed', 'team-b', 'expired'],
        ['StatusChange', 'deleted', 'failed', 'team-a', 'expired'],
      ],
    )
    // Six lines: the summary, its fix, an empty line, the header, one row, and the rest.
    assert.deepEqual(linesOf(frames.printed[1]), [
      '4 pull secrets: 2 fresh, 2 unknown; none has a problem.',
      '',
      'NAMESPACE  NAME     REGISTRIES  STATE  EXPIRES    REFRESHED  PROBLEM',
      'team-a     regcred  google      fresh  in 60 min  now',
      '… and 3 more',
    ])
    assert.equal(linesOf(frames.printed[2])[0], '4 pull secrets: 2 expired, 2 unknown; 2 have a problem.')
  })

  test('with -o yaml prints a document for each change', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const watching = startWatching(sandbox, ['-o', 'yaml'])
    await watching.until(1)
    seedSecret(sandbox, 'new', {})
    await watching.until(2)
    const { stdout } = await watching.stop()
    assert.deepEqual(
      parseAllDocuments(stdout).map((document) => document.toJS().kind),
      ['StatusResult', 'StatusChange'],
    )
  })

  test('needs the permission to watch, and reports it if it is missing', async (t) => {
    const sandbox = await startStatusSandbox(t)
    sandbox.cluster.authorization.forbid({ verbs: ['watch'], resources: ['secrets'] })
    const { exitCode, stderr } = await runPullpass(sandbox, ['status', '-w'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^KUBERNETES_FORBIDDEN .*\n {2}expected the right to watch secrets in the whole cluster$/m)
  })
})

suite('pullpass status --watch -f', () => {
  test('shows what is missing until it is written, also in new namespaces, and reads changed files', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b'] })
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-*'] }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const watching = startWatching(sandbox, ['-f', file])
    const items = startWatching(sandbox, ['-f', file, '-o', 'json'])
    const printed = async (pattern: RegExp) => {
      for (let waits = 0; !watching.printed.some((text) => pattern.test(text)); waits++) {
        assert.ok(waits < 2_000, `${pattern}: ${watching.printed.join('\n')}`)
        watching.wake()
        await pause(5)
      }
    }
    await Promise.all([watching.until(1), items.until(1)])
    assert.match(watching.printed[0] ?? '', /^team-a .* fresh .*\nteam-b .* fresh /m)
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-c' } })
    await printed(/^team-c .* missing .* SECRET_NOT_FOUND: Secret team-c\/regcred of ClusterPullSecret\/pull/)
    await items.until(2)
    await runPullpass(sandbox, ['refresh', '-f', file])
    await printed(/^team-c .* fresh /)
    await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a', 'later'] }))
    await printed(/^team-b .* unused /)
    await printed(/^later .* missing /)
    await sandbox.write('pull.yaml', 'kind: Other')
    for (let waits = 0; waits < 20; waits++) {
      watching.wake()
      await pause(5)
    }
    const [{ exitCode, stderr }] = await Promise.all([watching.stop(), items.stop()])
    assert.equal(exitCode, 0)
    assert.equal(stderr.match(/^DOCUMENT_INVALID /gm)?.length, 1, stderr)
    const [first, change] = items.printed.map((text) => JSON.parse(text))
    assert.deepEqual([first.clusters[0].counts.fresh, first.result], [2, 'ok'])
    assert.deepEqual([change.kind, change.type, change.secret.result], ['StatusChange', 'changed', 'missing'])
  })

  test('reports once that namespaces may not be listed, and shows the rest', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-*'] }))
    sandbox.cluster.authorization.forbid({ verbs: ['list'], resources: ['namespaces'] })
    const watching = startWatching(sandbox, ['-f', file])
    await watching.until(1)
    assert.match(watching.printed[0] ?? '', /^team-a .* fresh /m)
    for (let waits = 0; waits < 5; waits++) {
      watching.wake()
      await pause(5)
    }
    const { exitCode, stderr } = await watching.stop()
    assert.deepEqual([exitCode, stderr.match(/^KUBERNETES_FORBIDDEN /gm)?.length], [0, 1])
  })

  test('refuses standard input, which cannot be read again, and documents that claim one Secret', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const input = await runPullpass(sandbox, ['status', '-w', '-f', '-'])
    assert.match(input.stderr, /^USAGE_INVALID .*: -f is - with --watch\n/)
    const [one, two] = ['one', 'two'].map((name) => documentText(sandbox, { name }))
    const file = await sandbox.write('pull.yaml', `${one}---\n${two}`)
    const { exitCode, stderr } = await runPullpass(sandbox, ['status', '-w', '-f', file])
    assert.deepEqual([input.exitCode, exitCode, stderr.startsWith('SECRET_CLAIMED_TWICE ')], [2, 2, true])
  })
})

/** Without cursor movement. */
const linesOf = (frame = '') => stripVTControlCharacters(frame).split('\n')
