import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { interruption } from '../../../src/commands/run/run.ts'
import { type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { seedSecret, startStatusSandbox } from './status-sandbox.ts'

interface Watching {
  /** Texts that were printed. */
  readonly printed: readonly string[]
  /** Waits until so many texts were printed. */
  readonly until: (count: number) => Promise<void>
  /** As if the time until the next change of a state had passed. */
  readonly wake: () => void
  /** Stops it, as Ctrl-C does. */
  readonly stop: () => Promise<PullpassRun>
}

function startWatching(sandbox: TestSandbox, words: readonly string[], rows?: number): Watching {
  const end = new AbortController()
  const printed: string[] = []
  let waiting: { count: number; resolve: () => void } | undefined
  let wakeUp: () => void = () => undefined
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
        wakeUp = resolve
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    },
  })
  return {
    printed,
    wake: () => wakeUp(),
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

/** Without cursor movement. */
const linesOf = (frame = '') => stripVTControlCharacters(frame).split('\n')
