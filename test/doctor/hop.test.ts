import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { diagnose } from '../../src/doctor/diagnose.ts'
import { defineHop, defineSource, type Hop, type Source } from '../../src/doctor/hop.ts'
import { clockHop } from '../../src/doctor/hops/clock.ts'
import { clusterHop } from '../../src/doctor/hops/cluster.ts'
import { documentHop } from '../../src/doctor/hops/document.ts'
import { hops } from '../../src/doctor/hops.ts'
import { printedCommands } from '../../src/doctor/printed-commands.ts'
import type { DoctorRequest } from '../../src/doctor/request.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { fakeContext } from '../support/fake-context.ts'

const request: DoctorRequest = {
  documents: [],
  verifiers: [],
  namespace: undefined,
  pod: undefined,
  image: undefined,
  plainHttp: [],
  serviceAccount: undefined,
  refresher: undefined,
  tokenFiles: 'here',
  authorities: 'public ones',
  source: { ...fakeContext(), tokenFile: undefined },
  refused: undefined,
  commands: printedCommands({
    files: [],
    kubeconfig: undefined,
    context: undefined,
    tokenFile: undefined,
    environment: {},
    stores: [],
    refreshes: 'other',
    at: new Date('2026-11-24T12:00:00Z'),
  }),
}
const unreachable = new PullpassError({
  code: 'KUBERNETES_UNREACHABLE',
  hop: 'kubernetes',
  seen: 'the API server did not respond',
})
const timedOut = new PullpassError({ code: 'TIMED_OUT', hop: 'run', seen: 'the run did not end within 30s' })

/** A hop that is not part of doctor: one source of its own, and the findings of another hop. */
const madeUpHop = (mirror: Source<string>, after: readonly string[] = ['cluster']): Hop =>
  defineHop({
    name: 'mirror',
    needs: { mirror },
    after,
    evaluate: ({ mirror: state }, { found }) => [
      {
        hop: 'mirror',
        about: 'mirror.example.com',
        result: state === 'stale' ? 'failed' : 'ok',
        code: state === 'stale' ? 'REGISTRY_UNAVAILABLE' : 'OK',
        seen: `it is ${state}; ${found.failure('cluster')?.code ?? 'the cluster is reachable'}`,
      },
    ],
  })

const mirrorSource = (gather: () => Promise<string>): Source<string> =>
  defineSource({ needs: {}, step: { hops: ['mirror'], of: 'the mirror' }, otherwise: 'unknown', gather })

suite('a hop of doctor', () => {
  test('is added by its own file and one entry in the list, and is reported at its place', async () => {
    const mirror = madeUpHop(mirrorSource(async () => 'stale'))
    const findings = await diagnose(request, unreachable, fakeContext(), [
      ...hops.slice(0, 2),
      mirror,
      ...hops.slice(2),
    ])
    assert.deepEqual(
      findings.filter(({ result }) => result !== 'skipped').map(({ hop, code }) => [hop, code]),
      [
        ['document', 'OK'],
        ['cluster', 'KUBERNETES_UNREACHABLE'],
        ['mirror', 'REGISTRY_UNAVAILABLE'],
      ],
    )
    assert.equal(findings.find(({ hop }) => hop === 'mirror')?.seen, 'it is stale; KUBERNETES_UNREACHABLE')
  })

  test('is named where it does not respond in time, and the hops after it are skipped', async () => {
    const controller = new AbortController()
    const mirror = madeUpHop(
      mirrorSource(async () => {
        controller.abort(timedOut)
        return await new Promise<string>(() => undefined)
      }),
    )
    const list = [documentHop, mirror, clusterHop, clockHop]
    const findings = await diagnose(request, unreachable, fakeContext({ signal: controller.signal }), list)
    assert.deepEqual(
      findings.map(({ hop, code, because }) => [hop, code, because?.hop]),
      [
        ['document', 'OK', undefined],
        ['mirror', 'TIMED_OUT', undefined],
        ['cluster', 'KUBERNETES_UNREACHABLE', undefined],
        ['clock', 'DEPENDENCY_FAILED', 'mirror'],
      ],
    )
    assert.match(findings[1]?.seen ?? '', /^no response in time: the run did not end within 30s$/)
  })

  test('reads the findings of no hop that it does not name', async () => {
    const mirror = madeUpHop(
      mirrorSource(async () => 'stale'),
      ['document'],
    )
    await assert.rejects(
      diagnose(request, unreachable, fakeContext(), [...hops, mirror]),
      new RangeError('the findings of cluster are read by a hop that is not after it'),
    )
  })

  test('is named once in the list, and every hop that another one reads is in it', () => {
    const names = hops.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    const read = hops.flatMap(({ after }) => (after === 'earlier' ? [] : after))
    assert.deepEqual(
      read.filter((name) => !names.includes(name)),
      [],
    )
  })
})
