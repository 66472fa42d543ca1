/** Plants one fault in a healthy set-up, checks what doctor reports, follows the printed remedy and checks again. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import type { Fault } from './fault.ts'
import { accessFaults } from './faults/access-faults.ts'
import { alibabaFaults } from './faults/alibaba-faults.ts'
import { awsFaults } from './faults/aws-faults.ts'
import { azureFaults } from './faults/azure-faults.ts'
import { chainguardFaults } from './faults/chainguard-faults.ts'
import { cloudsmithFaults } from './faults/cloudsmith-faults.ts'
import { clusterFaults } from './faults/cluster-faults.ts'
import { exchangeFaults } from './faults/exchange-faults.ts'
import { issuerFaults } from './faults/issuer-faults.ts'
import { jfrogFaults } from './faults/jfrog-faults.ts'
import { keyFaults } from './faults/key-faults.ts'
import { kubeletFaults } from './faults/kubelet-faults.ts'
import { podFaults } from './faults/pod-faults.ts'
import { publishFaults } from './faults/publish-faults.ts'
import { quayFaults } from './faults/quay-faults.ts'
import { registryFaults } from './faults/registry-faults.ts'
import { secretFaults } from './faults/secret-faults.ts'
import { tencentFaults } from './faults/tencent-faults.ts'
import { tokenFaults } from './faults/token-faults.ts'
import { yandexFaults } from './faults/yandex-faults.ts'
import { startGround, type World } from './ground.ts'
import { type RunGcloud, runPrintedCommand } from './run-printed-command.ts'

/** In the order of the hops. */
const faultLists: readonly (readonly Fault[])[] = [
  tokenFaults,
  publishFaults,
  issuerFaults,
  keyFaults,
  exchangeFaults,
  accessFaults,
  awsFaults,
  azureFaults,
  registryFaults,
  clusterFaults,
  secretFaults,
  podFaults,
  kubeletFaults,
]

/** At vendors of which test/vendors/federated/refresh.test.ts has a fault. */
const federatedFaultLists: readonly (readonly Fault[])[] = [
  alibabaFaults,
  yandexFaults,
  quayFaults,
  jfrogFaults,
  chainguardFaults,
  tencentFaults,
  cloudsmithFaults,
]

/** Every fault that can be planted around doctor. */
export const plantedFaults: readonly Fault[] = [...faultLists, ...federatedFaultLists].flat()

/** One of each file whose faults have no other test; faults.matrix.test.ts plants all. */
export const representativeFaults: readonly Fault[] = faultLists.flatMap(([first]) => first ?? [])

export interface Finding {
  readonly hop: string
  readonly result: string
  readonly code: string
  readonly about: string
  readonly seen: string
  readonly expected?: string
  readonly fix?: string
  readonly command?: string
}

interface Diagnosis {
  readonly exitCode: number
  readonly findings: readonly Finding[]
  readonly first: Finding | undefined
}

async function diagnose({ sandbox, file, pullpass }: World, fault: Fault, clockOffMs = 0): Promise<Diagnosis> {
  const named = fault.image === 'of the pod' ? [] : ['--image', sandbox.image]
  const pod = fault.everywhere ? [] : ['--pod', 'team-a/web-0']
  const { exitCode, stdout, stderr } = await pullpass(
    ['doctor', '-f', file, ...pod, ...named, '-o', 'json'],
    clockOffMs,
  )
  assert.equal(stderr, '')
  const { findings }: { findings: Finding[] } = JSON.parse(stdout)
  const content = fault.result ?? 'failed'
  return { exitCode, findings, first: findings.find(({ result }) => result === content) }
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

/** `gcloud`: absent: an imitation. */
export async function checkFault(t: TestContext, fault: Fault, gcloud?: RunGcloud): Promise<void> {
  const world: World = await startGround(t, fault.document)
  await plantInWorld(world, fault)
  const { exitCode, findings, first } = await diagnose(world, fault, fault.clockOffMs)
  const table = findings
    .map(({ hop, result, code, about, seen }) => `${hop} ${result} ${code} ${about}: ${seen}`)
    .join('\n')
  assert.deepEqual([first?.hop, first?.code], [fault.hop, fault.code], table)
  if (fault.seen) assert.match(first?.seen ?? '', fault.seen)
  assert.match([first?.command ?? [], first?.fix ?? []].flat().join('\n'), fault.fix)
  assert.equal(exitCode, fault.result === 'warning' && fault.besides === undefined ? 0 : 1)
  // One fault: what else fails must follow from it, and be skipped.
  const others = findings.filter(
    (one) => one.result === 'failed' && one.code !== first?.code && !fault.besides?.some((code) => code === one.code),
  )
  assert.deepEqual(others, [])
  await followFix(world, fault, { command: first?.command, gcloud })
}

interface Fix {
  readonly command: string | undefined
  readonly gcloud: RunGcloud | undefined
}

async function followFix(world: World, fault: Fault, { command, gcloud }: Fix): Promise<void> {
  assert.ok(command === undefined || fault.repair === 'command' || fault.unrun, `never run: ${command}`)
  if (fault.repair === 'nothing') return
  if (fault.repair === 'command') {
    assert.ok(command, 'no command is printed')
    assert.equal(command.startsWith('gcloud '), fault.imitated === 'gcloud')
    await runPrintedCommand(world, command, gcloud)
  } else await fault.repair(world)
  const { exitCode, findings } = await diagnose(world, fault)
  assert.deepEqual(
    findings.filter(
      ({ result, code }) =>
        result === 'failed' || (result === 'warning' && !fault.remains?.some((one) => one === code)),
    ),
    [],
  )
  assert.equal(exitCode, 0)
}

export const titleOf = ({ title, imitated }: Fault): string =>
  imitated === undefined ? title : `${title} (fixed by an imitation of ${imitated})`
