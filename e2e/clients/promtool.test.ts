/**
 * Prometheus's own check of the metrics that the controller serves: format, names, units, help texts and types.
 * https://prometheus.io/docs/prometheus/latest/command-line/promtool/#promtool-check-metrics
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { startSandbox } from '../../sandbox/start-sandbox.ts'
import { waitForStderr } from '../../test/commands/issuer/wait-for-stderr.ts'
import { documentText } from '../../test/support/document-text.ts'
import { buildGoProgram } from '../../tools/real-parts/build-go-programs.ts'
import { spawnProgram } from '../parts/process/pullpass-program.ts'
import { runProgram } from '../parts/process/run-program.ts'
import { startPart } from '../parts/process/start-part.ts'
import { withRealPart } from '../parts/real-part.ts'

const start = () =>
  startPart('promtool', async ({ folder, defer }) => {
    const promtool = join(await buildGoProgram('promtool'), 'promtool')
    const sandbox = await startSandbox()
    defer(sandbox.close)
    const file = join(folder, 'pull.yaml')
    await writeFile(file, documentText(sandbox, { include: ['team-*'] }))
    // Of another client: there is a failure, too.
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'regcred', namespace: 'team-a' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
    })
    const argv = ['controller', '-f', file, '--no-leader-election', '--health-listen', '0', '--log-level', 'info']
    const { child } = spawnProgram(argv, sandbox.environment)
    defer(async () => void child.kill('SIGKILL'))
    const log = await waitForStderr(child, /a pull secret was written .*namespace="team-b"/)
    const address = `http://127.0.0.1:${/serving health and metrics port=(\d+)/.exec(log)?.[1]}`
    return {
      folder,
      promtool: async (commandArguments: readonly string[], stdin = '') =>
        await runProgram(promtool, commandArguments, { stdin }),
      scrape: async (accept: string) => {
        const response = await fetch(`${address}/metrics`, { headers: { accept } })
        return { type: response.headers.get('content-type'), text: await response.text() }
      },
    }
  })

await withRealPart('promtool', start, ({ folder, promtool, scrape }) => {
  suite('the metrics of the controller', () => {
    test('pass promtool check metrics', async () => {
      const { text } = await scrape('text/plain')
      assert.match(text, /^pullpass_controller_failures_total\{hop="kubernetes",code="SECRET_NOT_OURS"\} 1$/m)
      assert.deepEqual(await promtool(['check', 'metrics'], text), { exitCode: 0, stdout: '', stderr: '' })
    })

    test('are read by Prometheus as OpenMetrics text', async () => {
      const { type, text } = await scrape('application/openmetrics-text;version=1.0.0,text/plain;q=0.5')
      assert.equal(type, 'application/openmetrics-text; version=1.0.0; charset=utf-8')
      const file = join(folder, 'metrics.txt')
      const samples = text.split('\n').filter((line) => /^[^#]/.test(line))
      // A block is made of samples with a time, which a scrape does not have.
      await writeFile(
        file,
        text.replaceAll(/^[^#\n].*$/gm, (line) => `${line} 1795867200`),
      )
      const blocks = join(folder, 'blocks')
      const run = await promtool(['tsdb', 'create-blocks-from', 'openmetrics', file, blocks])
      assert.equal(run.exitCode, 0, run.stderr)
      // ULID, first and last time, duration, samples, chunks, series, size
      const [, , , , read, , series] = run.stdout.trim().split('\n').at(-1)?.split(/ {2,}/) ?? []
      assert.deepEqual([Number(read), Number(series)], [samples.length, samples.length])
      await writeFile(file, (await readFile(file, 'utf8')).replace('# EOF\n', ''))
      assert.notEqual((await promtool(['tsdb', 'create-blocks-from', 'openmetrics', file, blocks])).exitCode, 0)
    })
  })
})
