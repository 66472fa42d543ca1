import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, type TestContext, test } from 'node:test'
import { doctorWords } from '../../src/doctor/doctor-words.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import type { Fault } from './fault.ts'
import { clusterFaults } from './faults/cluster-faults.ts'
import { documentFaults } from './faults/document-faults.ts'
import { exchangeFaults } from './faults/exchange-faults.ts'
import { issuerFaults } from './faults/issuer-faults.ts'
import { keyFaults } from './faults/key-faults.ts'
import { kubeletFaults } from './faults/kubelet-faults.ts'
import { podFaults } from './faults/pod-faults.ts'
import { publishFaults } from './faults/publish-faults.ts'
import { registryFaults } from './faults/registry-faults.ts'
import { secretFaults } from './faults/secret-faults.ts'
import { tokenFaults } from './faults/token-faults.ts'
import { startGround, type World } from './ground.ts'
import { runPrintedCommand } from './run-printed-command.ts'

const inWorld: readonly Fault[] = [
  ...tokenFaults,
  ...publishFaults,
  ...issuerFaults,
  ...keyFaults,
  ...exchangeFaults,
  ...registryFaults,
  ...clusterFaults,
  ...secretFaults,
  ...podFaults,
  ...kubeletFaults,
]

interface Shown {
  readonly hop: string
  readonly result: string
  readonly code: string
  readonly about: string
  readonly seen: string
  readonly expected?: string
  readonly fix?: string
  readonly command?: string
  readonly note?: string
}

interface Diagnosis {
  readonly exitCode: number
  readonly findings: readonly Shown[]
  readonly first: Shown | undefined
}

async function diagnose({ sandbox, file, pullpass }: World, fault: Fault, clockOffMs = 0): Promise<Diagnosis> {
  const named = fault.image === 'of the pod' ? [] : ['--image', sandbox.image]
  const pod = fault.everywhere ? [] : ['--pod', 'team-a/web-0']
  const { exitCode, stdout, stderr } = await pullpass(
    ['doctor', '-f', file, ...pod, ...named, '-o', 'json'],
    clockOffMs,
  )
  assert.equal(stderr, '')
  const { findings }: { findings: Shown[] } = JSON.parse(stdout)
  const wanted = fault.result ?? 'failed'
  return { exitCode, findings, first: findings.find(({ result }) => result === wanted) }
}

/** What doctor is given, but for the token, which is a kubelet's to write. */
const inputsOf = async ({ sandbox: { folder }, file }: World) =>
  await Promise.all([file, folder.kubeconfigFile, folder.caFile].map((path) => readFile(path, 'utf8')))

async function plantInWorld(world: World, fault: Fault): Promise<void> {
  await fault.before?.(world)
  const given = await inputsOf(world)
  await fault.plant(world)
  assert.deepEqual(await inputsOf(world), given, 'the fault is planted in what doctor is given')
}

async function hold(t: TestContext, fault: Fault): Promise<void> {
  const world: World = await startGround(t, fault.document)
  await plantInWorld(world, fault)
  const { exitCode, findings, first } = await diagnose(world, fault, fault.clockOffMs)
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
  await seeItMended(world, fault, first?.command)
}

async function seeItMended(world: World, fault: Fault, command: string | undefined): Promise<void> {
  assert.ok(command === undefined || fault.mend === 'command' || fault.unrun, `never run: ${command}`)
  if (fault.mend === 'nothing') return
  if (fault.mend === 'command') {
    assert.ok(command, 'no command is printed')
    assert.equal(command.startsWith('gcloud '), fault.imitated === 'gcloud')
    await runPrintedCommand(world, command)
  } else await fault.mend(world)
  const { exitCode, findings } = await diagnose(world, fault)
  assert.deepEqual(
    findings.filter(({ result }) => result === 'failed' || result === 'warning'),
    [],
  )
  assert.equal(exitCode, 0)
}

const titleOf = ({ title, imitated }: Fault) =>
  imitated === undefined ? title : `${title} (mended by a ${imitated} that is imitated)`

// kubectl is imitated in all of them: e2e/doctor.test.ts runs the real one.
suite('doctor names what is wrong in the world around it:', { concurrency: 4 }, () => {
  for (const fault of inWorld) test(titleOf(fault), async (t) => await hold(t, fault))

  test('each at a hop that the page says of its word', () => {
    const words: Readonly<Record<string, readonly string[]>> = doctorWords
    const strange = inWorld.filter(({ code, hop }) => words[code]?.includes(hop) === false)
    assert.deepEqual(
      strange.map(({ code, hop }) => [code, hop]),
      [],
    )
  })

  test('at least forty different faults, each with its hop, its word and its remedy, and none in a document', () => {
    assert.ok(inWorld.length >= 40, `${inWorld.length}`)
    assert.equal(new Set(inWorld.map(({ title }) => title)).size, inWorld.length)
    for (const { hop, code, fix } of inWorld) {
      assert.ok(hop !== 'document' && code !== 'OK')
      assert.notEqual(fix.source, '(?:)')
    }
  })
})

suite('of the document itself, which counts for no planted fault, doctor names as the first hop:', () => {
  for (const fault of documentFaults) {
    test(fault.title, async (t) => {
      const sandbox = await startTestSandbox(t)
      const argv = ['doctor', '-f', await sandbox.write('pull.yaml', fault.text), '-o', 'json']
      const { stdout, exitCode } = await runPullpass(sandbox, argv)
      const { first }: { first: Shown } = JSON.parse(stdout)
      assert.deepEqual([first.hop, first.code, exitCode], ['document', fault.code, 1])
      assert.match(first.seen, fault.seen)
      assert.match([first.expected ?? '', ...(first.fix ? [first.fix] : [])].join('\n'), fault.wants)
    })
  }
})
