/**
 * Runs the quickstart and the guides: each command exactly as on the page, in one shell, up to a pulled image, with a
 * real control plane (further ways of a page: with the sandbox's cluster), and with AWS's own command line; gcloud's commands run in
 * e2e/clients/gcloud.test.ts. Commands of Azure and of nodes are only parsed; the titles count them.
 */

import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { findUnprinted } from '../test/docs/guides/find-unprinted.ts'
import { type PlacedStep, readGuide, stepsOnWay, waysOf } from '../test/docs/guides/parse-guide.ts'
import type { GuideCluster, GuideIssuers } from './guides/guide-cluster.ts'
import { readRollOut } from './guides/simulate-event.ts'
import { type GuideCloud, type GuideSetup, startGuideSetup } from './guides/start-guide-setup.ts'
import { runProgram } from './parts/process/run-program.ts'
import { absentPart } from './parts/real-part.ts'

type ClusterKind = GuideCluster['kind']

const pages = globSync('docs/{quickstart,guides/*}.md').toSorted()

// They mostly wait for programs and control planes.
suite('the commands of', { concurrency: 2 }, () => {
  for (const page of pages) {
    const whole = readGuide(page)
    const ways = waysOf(whole)
    suite(page, { concurrency: 1 }, () => {
      for (const way of ways) {
        const steps = stepsOnWay(whole, way)
        // Ways do not differ in the cluster.
        const kind: ClusterKind = way === ways[0] ? 'real' : 'sandbox'
        test(titleOf(way, steps, kind), async (t) => {
          const { issuers, followed } = takeFirstIssuer(steps)
          const clouds = cloudsOf(steps)
          const setup = await startGuideSetup({ kind, clouds, issuers }).catch((fault: unknown) =>
            skipWithout(t, fault),
          )
          if (setup === undefined) return
          try {
            await follow({ steps: followed, kind }, setup)
          } finally {
            await setup.close()
          }
        })
      }
    })
  }
})

function skipWithout(t: TestContext, fault: unknown): undefined {
  t.skip(absentPart(fault).message)
}

interface GuideRun {
  readonly steps: readonly PlacedStep[]
  readonly kind: ClusterKind
}

/** Clouds in addition to Google: those whose CLI is run, or whose stores pullpass publishes to. */
function cloudsOf(steps: readonly PlacedStep[]): GuideCloud[] {
  const run = steps.filter((step) => step.kind === 'run')
  const usesAws = run.some(({ where }) => where === 'aws')
  const usesAzure = run.some(({ script }) => script.includes('azblob://'))
  return [...(usesAws ? (['aws'] as const) : []), ...(usesAzure ? (['azure'] as const) : [])]
}

const defaultIssuers = { issuer: 'https://kubernetes.default.svc.cluster.local', acceptedIssuers: [] }

/** A roll-out before anything is run is not a step: the cluster starts with its issuer. */
function takeFirstIssuer(steps: readonly PlacedStep[]): { issuers: GuideIssuers; followed: readonly PlacedStep[] } {
  const rolledOut = steps.map((step) => (step.kind === 'stage' ? readRollOut(step.direction) : undefined))
  const start = steps.findIndex(({ kind }, index) => kind === 'run' || (kind === 'stage' && !rolledOut[index]))
  const first = rolledOut.slice(0, start).findLast((issuers) => issuers !== undefined) ?? defaultIssuers
  const followed = steps.filter((_, index) => index >= start || !rolledOut[index])
  return { issuers: { first, rollOuts: rolledOut.slice(start).filter(Boolean).length }, followed }
}

function isRun(step: PlacedStep, kind: ClusterKind): boolean {
  return step.kind === 'run' && (step.where !== 'real' || kind === 'real')
}

function titleOf(way: string, steps: readonly PlacedStep[], kind: ClusterKind): string {
  const scripts = steps.filter((step) => step.kind === 'run' || step.kind === 'parse')
  const parsed = scripts.filter((step) => !isRun(step, kind))
  const cluster = kind === 'real' ? 'a real control plane' : "the sandbox's cluster"
  const counts = `${scripts.length - parsed.length} blocks of commands run, ${parsed.length} parsed only`
  const programs = [...new Set(parsed.flatMap(({ script }) => programsOf(script)))].join(', ')
  return `${way && `${way}, `}with ${cluster}, has the documented result: ${counts}${programs && ` (${programs})`}`
}

/** The first word of each command. */
function programsOf(script: string): string[] {
  const commands = script.matchAll(/(?<!\\\n)^(?<program>[a-z][\w-]*) /gm)
  return [...commands].map(({ groups }) => groups?.['program'] ?? '')
}

async function follow({ steps, kind }: GuideRun, setup: GuideSetup): Promise<void> {
  const { shell, folder, simulateEvent, ports, unknownHosts } = setup
  const mapPorts = (text: string) => replaceAll(text, Object.entries(ports))
  const unmapPorts = (text: string) =>
    replaceAll(
      text,
      Object.entries(ports).map(([shown, real]) => [real, shown]),
    )
  let printed: string | undefined
  for (const step of steps) {
    const where = `${step.page}:${step.line}`
    if (step.kind === 'stage') await simulateEvent(mapPorts(step.direction))
    else if (step.kind === 'file') await writeFile(join(folder, step.name), step.text)
    else if (step.kind === 'shown') {
      if (printed === undefined) continue
      assert.deepEqual(findUnprinted(step.lines, printed), [], `${where} shows what was not printed:\n${printed}`)
    } else {
      await parse(step.script, where)
      printed = undefined
      if (step.kind === 'parse' || !isRun(step, kind)) continue
      const { failed, exitCode, printed: all } = await shell.run(mapPorts(step.script))
      printed = unmapPorts(all)
      const isGood = step.exits === 0 ? failed === undefined : exitCode === step.exits
      assert.ok(isGood, `${where}: ${failed ?? `exit code ${exitCode}`}\n${printed}`)
    }
  }
  assert.deepEqual([...unknownHosts], [])
}

async function parse(script: string, where: string): Promise<void> {
  const { exitCode, stderr } = await runProgram('bash', ['-n'], { stdin: script })
  assert.equal(exitCode, 0, `${where}: ${stderr}`)
}

function replaceAll(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((changed, [from, to]) => changed.replaceAll(from, to), text)
}
