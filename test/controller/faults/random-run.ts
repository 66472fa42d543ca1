/**
 * A randomized run of the controller: rounds of disturbances by a seed, each followed by a quiet period, after which everything
 * must be as it should be.
 */

import type { TestContext } from 'node:test'
import { type Fault, throttled } from '../../../sandbox/serve/faults.ts'
import { dockerConfigData, patchAs } from '../../commands/refresh/write-as.ts'
import { settled } from '../virtual-time.ts'
import { faultsOf, settle, startWorld, type World } from './world.ts'

/** Mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Disturbed {
  readonly world: World
  readonly random: () => number
  readonly pick: <T>(list: readonly T[]) => T
}

type Disturbance = (disturbed: Disturbed) => void | Promise<void>

const status = (code: number): Fault => ({ kind: 'response', response: { status: code, body: '{}' } })
const reset: Fault = { kind: 'reset', at: 'request' }
const lost: Fault = { kind: 'reset', at: 'response' }
const slow: Fault = { kind: 'latency', ms: 3 }

const namespaces = ['team-0', 'team-1', 'team-2', 'team-3', 'team-4', 'plain-0', 'plain-1']
const targets = (world: World) =>
  world.sandbox.cluster.store
    .list('Secret')
    .filter(
      ({ metadata: { name, managedFields = [] } }) =>
        managedFields.some(({ manager }) => manager.startsWith('pullpass:')) && name !== '',
    )

const disturbances: Readonly<Record<string, Disturbance>> = {
  'a namespace is created or relabelled': ({ world, pick }) => {
    const labels = { images: pick(['private', 'public']) }
    world.act(() => world.addNamespace(pick(namespaces), labels))
  },
  'a namespace is deleted': async ({ world, pick }) => {
    const { cluster, kubeconfig } = world.sandbox
    const authorization = `Bearer ${/token: "?([^"\n]+)"?/.exec(kubeconfig)?.[1] ?? ''}`
    const request = { method: 'DELETE', path: `/api/v1/namespaces/${pick(namespaces)}`, query: new URLSearchParams() }
    const signal = new AbortController().signal
    await world.act(
      async () => await cluster.handle({ ...request, headers: { authorization }, body: Buffer.from(''), signal }),
    )
  },
  'a Secret is deleted': ({ world, pick }) => {
    const found = targets(world)
    if (found.length > 0) world.act(() => world.sandbox.cluster.store.remove(pick(found)))
  },
  'a Secret is edited': async ({ world, pick }) => {
    const found = targets(world).filter(({ metadata: { name } }) => name === 'regcred')
    if (found.length === 0) return
    const { namespace = '' } = pick(found).metadata
    const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
    const body = pick([
      { data },
      { metadata: { labels: null } },
      { metadata: { annotations: { 'pullpass.dev/expires-at': '2030-01-01T00:00:00Z' } } },
    ])
    await world.act(async () => await patchAs(world.sandbox, namespace, 'kubectl-edit', body)).catch(() => undefined)
  },
  'a Secret is replaced by another client': ({ world, pick }) => {
    const found = targets(world)
    if (found.length > 0)
      replace(world, pick(found).metadata, pick(['Opaque', 'kubernetes.io/dockerconfigjson']), pick([0, 1 << 20]))
  },
  'the Secret of another client is deleted': ({ world, pick }) => {
    const found = world.sandbox.cluster.store
      .list('Secret')
      .filter(({ metadata: { managedFields = [] } }) => managedFields.some(({ manager }) => manager === 'another-tool'))
    if (found.length > 0) world.act(() => world.sandbox.cluster.store.remove(pick(found)))
  },
  'the documents are changed': async ({ world, pick }) =>
    await world.writeDocuments(pick(['invalid', 'absent registries', 'valid'])),
  'the token service fails': ({ world, pick }) =>
    world.sandbox.gcp.parts.sts.faults.inject(
      pick([status(403), status(500), status(503), throttled(45), reset, lost, slow]),
      {
        times: pick([1, 5, 1000]),
      },
    ),
  'the account is refused': ({ world, pick }) =>
    world.sandbox.gcp.parts.iamCredentials.faults.inject(pick([status(403), status(429), reset]), {
      times: pick([1, 5, 1000]),
    }),
  'the cloud hangs': ({ world }) => {
    world.hanging = true
  },
  'the API server fails': ({ world, pick }) =>
    world.sandbox.parts.kubernetes.faults.inject(pick([throttled(1), status(500), status(503), reset, lost, slow]), {
      times: pick([1, 3, 20]),
    }),
  'watches end': ({ world, pick, random }) => {
    const path = pick(['/api/v1/namespaces', '/api/v1/secrets'])
    world.sandbox.parts.kubernetes.faults.inject(pick<Fault>([{ kind: 'truncate' }, reset, status(410)]), {
      when: (request) => request.path === path,
      times: pick([1, 4]),
    })
    if (random() < 0.5) world.sandbox.cluster.store.compact()
  },
  'the clock is set': ({ world, pick }) => world.moveClock(pick([-3600, -600, -90, 90, 600, 3600])),
  'the Lease cannot be renewed': async ({ world }) => {
    const rule = { verbs: ['get', 'patch'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] }
    const restore = world.sandbox.cluster.authorization.forbid(rule)
    await pass(world, 12_000)
    restore()
  },
  'a replica is started again': async ({ world, pick }) => {
    const stopped = pick(world.running)
    world.running.splice(world.running.indexOf(stopped), 1)
    await Promise.all([stopped.stop(), pass(world, 2_000)])
    await world.writeDocuments('valid') // it does not start with others
    world.running.push(await world.start(`replica-${world.time.elapsedMs()}`))
  },
  'time passes': async ({ world, pick }) => await pass(world, pick([1_000, 30_000, 300_000, 1_500_000])),
}

function replace(
  world: World,
  { namespace = '', name }: { namespace?: string; name: string },
  type: string,
  bytes: number,
): void {
  const { store } = world.sandbox.cluster
  const managedFields = [
    {
      manager: 'another-tool',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:.dockerconfigjson': {} } },
    },
  ] as const
  const metadata = { namespace, name, managedFields, ...(bytes > 0 && { annotations: { note: 'x'.repeat(bytes) } }) }
  world.act(() => {
    const before = store.read('Secret', namespace, name)
    if (before !== undefined) store.remove(before)
    store.put({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      type,
      data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
    })
  })
}

/** Of a random sequence of its own, in addition to the others: what the custom resource selects. */
async function disturbSelection(world: World, random: () => number): Promise<void> {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const labels = { images: pick(['private', 'private', 'public']) ?? '' }
  if (random() < 0.5) world.act(() => world.addNamespace(pick(namespaces) ?? '', labels))
  const state = pick(['valid', 'valid', 'invalid', 'other labels', 'no namespace', 'deleted'] as const)
  if (random() < 0.25) await world.writeResource(state ?? 'valid')
}

/** Longer ones would pass the time within which a Lease is renewed. */
const longestStepMs = 2_000

/** Advances the clock in steps, each of which has its effects before the next. */
async function pass({ time, running }: World, ms: number): Promise<void> {
  const stepMs = Math.min(longestStepMs, Math.max(500, ms / 100))
  for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
    time.advance(stepMs)
    await settled()
    if (running.length === 0) return
  }
}

export interface RunOptions {
  readonly seed: number
  readonly rounds: number
  /** Disturbances of a round. */
  readonly disturbances: number
}

/** A repeated refusal is tried again after at most ten minutes; the documents are read every ten seconds. */
const quietMs = 11 * 60_000
/** In a round, of three identities: a restart, a clock that is set, and an object that is created again may each need one. */
const mostIssued = 20
/** Each new leader may need one for each identity. On a busy machine, time passes faster than a Lease is renewed. */
const mostIssuedByLeader = 3
/** Requests to the token service in a round, with the attempts of each exchange during an outage. */
const mostAttempts = 375

/** Resolves after the last round. @throws an error that states the seed, the round and its disturbances */
export async function runRandomly(
  t: Pick<TestContext, 'after'>,
  { seed, rounds, disturbances: perRound }: RunOptions,
): Promise<World> {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => {
    const picked = list[Math.floor(random() * list.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
  const selection = seededRandom(seed + 2)
  const world = await startWorld(t, seededRandom(seed + 1))
  for (const name of ['one', 'two']) world.running.push(await world.start(name))
  await pass(world, 5_000)
  for (let round = 1; round <= rounds; round++) {
    const before = { issued: world.issued(), attempts: world.attempts(), leaders: leadersOf(world) }
    const names = Array.from({ length: perRound }, () => pick(Object.keys(disturbances)))
    for (const name of names) {
      await disturbances[name]?.({ world, random, pick })
      await disturbSelection(world, selection)
      await pass(world, pick([0, 500, 5_000, 60_000, 600_000]))
    }
    await becomeQuiet(world)
    const found = faultsOf(world)
    const issued = world.issued() - before.issued
    const attempts = world.attempts() - before.attempts
    const allowed = mostIssued + mostIssuedByLeader * Math.max(0, leadersOf(world) - before.leaders)
    if (issued > allowed || attempts > mostAttempts) found.push(`${issued} exchanges, ${attempts} requests`)
    if (found.length === 0) continue
    throw new Error(
      `seed ${seed}, round ${round}, after ${names.join('; ')}:\n${found.join('\n')}\n${world.running.flatMap(({ logged }) => logged.slice(-20)).join('\n')}`,
    )
  }
  return world
}

/** How often a replica that runs now began to lead. */
const leadersOf = ({ running }: World): number =>
  running.flatMap(({ logged }) => logged).filter((line) => line.includes('this replica leads')).length

async function becomeQuiet(world: World): Promise<void> {
  const { sandbox } = world
  for (const { faults } of [...Object.values(sandbox.parts), ...Object.values(sandbox.gcp.parts)]) faults.clear()
  world.hanging = false
  await world.writeDocuments('valid')
  await world.writeResource('valid')
  await sandbox.writeToken({ lifeSeconds: 12 * 3600 })
  for (let passedMs = 0; passedMs < quietMs; passedMs += 30_000) {
    await pass(world, 30_000)
    await settle(world)
  }
}
