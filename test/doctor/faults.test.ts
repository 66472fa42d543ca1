import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { doctorWords } from '../../src/doctor/doctor-words.ts'
import type { Fault } from './fault.ts'
import { clusterFaults } from './faults/cluster-faults.ts'
import { exchangeFaults } from './faults/exchange-faults.ts'
import { issuerFaults } from './faults/issuer-faults.ts'
import { podFaults } from './faults/pod-faults.ts'
import { registryFaults } from './faults/registry-faults.ts'
import { secretFaults } from './faults/secret-faults.ts'
import { tokenFaults } from './faults/token-faults.ts'
import { type Ground, startGround } from './ground.ts'
import { runPrintedCommand } from './run-printed-command.ts'

const all: readonly Fault[] = [
  ...tokenFaults,
  ...issuerFaults,
  ...exchangeFaults,
  ...registryFaults,
  ...clusterFaults,
  ...secretFaults,
  ...podFaults,
]

interface Shown {
  readonly hop: string
  readonly result: string
  readonly code: string
  readonly about: string
  readonly seen: string
  readonly fix?: string
  readonly command?: string
  readonly note?: string
}

interface Diagnosis {
  readonly exitCode: number
  readonly findings: readonly Shown[]
  readonly first: Shown | undefined
}

async function diagnose(ground: Ground, fault: Fault, clockOffMs = 0): Promise<Diagnosis> {
  const { image = () => ground.sandbox.image } = fault
  const named = image === 'of the pod' ? [] : ['--image', image(ground)]
  const pod = fault.everywhere ? [] : ['--pod', 'team-a/web-0']
  const argv = ['doctor', '-f', ground.file, ...pod, ...named]
  const { exitCode, stdout, stderr } = await ground.pullpass([...argv, '-o', 'json'], clockOffMs)
  assert.equal(stderr, '')
  const { findings }: { findings: Shown[] } = JSON.parse(stdout)
  const wanted = fault.result ?? 'failed'
  return { exitCode, findings, first: findings.find(({ result }) => result === wanted) }
}

async function hold(t: TestContext, fault: Fault): Promise<void> {
  const ground = await startGround(t, fault.document)
  await fault.before?.(ground)
  await fault.plant(ground)
  const { exitCode, findings, first } = await diagnose(ground, fault, fault.clockOffMs)
  const table = findings
    .map(({ hop, result, code, about, seen }) => `${hop} ${result} ${code} ${about}: ${seen}`)
    .join('\n')
  assert.deepEqual([first?.hop, first?.code], [fault.hop, fault.code], table)
  if (fault.seen) assert.match(first?.seen ?? '', fault.seen)
  assert.match([first?.fix, first?.note].join('\n'), fault.fix)
  assert.equal(exitCode, fault.result === 'warning' && fault.besides === undefined ? 0 : 1)
  // One fault: what else fails must follow from it, and be skipped.
  const others = findings.filter(
    (one) => one.result === 'failed' && one.code !== first?.code && !fault.besides?.some((code) => code === one.code),
  )
  assert.deepEqual(others, [])
  await seeItMended(ground, fault, first?.command)
}

async function seeItMended(ground: Ground, fault: Fault, command: string | undefined): Promise<void> {
  if (fault.mend === 'nothing') return
  if (fault.mend === 'command') {
    assert.ok(command, 'no command is printed')
    await runPrintedCommand(ground, command)
  } else await fault.mend(ground)
  await fault.after?.(ground)
  const { exitCode, findings } = await diagnose(ground, fault)
  assert.deepEqual(
    findings.filter(({ result }) => result === 'failed' || result === 'warning'),
    [],
  )
  assert.equal(exitCode, 0)
}

suite('doctor names', { concurrency: 4 }, () => {
  for (const fault of all) test(fault.title, async (t) => await hold(t, fault))

  test('each at a hop that the page says of its word', () => {
    const words: Readonly<Record<string, readonly string[]>> = doctorWords
    const strange = all.filter(({ code, hop }) => words[code]?.includes(hop) === false)
    assert.deepEqual(
      strange.map(({ code, hop }) => [code, hop]),
      [],
    )
  })

  test('at least forty different faults', () => {
    assert.ok(new Set(all.map(({ title }) => title)).size >= 40)
  })
})
