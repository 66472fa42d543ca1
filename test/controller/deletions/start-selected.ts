/** A ClusterPullSecret that selects namespaces by a label, so that they can leave it. */
import type { TestContext } from 'node:test'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { writeResource } from '../custom-resource.ts'
import { type ControllerTest, type RunningController, startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until, type VirtualTime } from '../virtual-time.ts'

export const deleting = { deletionPolicy: 'Delete' } as const
export const labels = { images: 'private' } as const
export const bySelector: { readonly namespaces: object } = { namespaces: { selector: { matchLabels: labels } } }
export const kubernetes = ({ parts }: TestSandbox): TestSandbox['parts']['kubernetes'] => parts.kubernetes

/** Time passes, with the work that is due in it. */
export async function pass(time: VirtualTime, seconds: number, { metric }: RunningController): Promise<void> {
  const endMs = time.elapsedMs() + seconds * 1_000
  await advanceUntil(time, { stepMs: 1_000, description: `${seconds} s` }, () => time.elapsedMs() >= endMs)
  await until('the queue', () => metric('queue_depth') === 0)
}

interface Selected extends ControllerTest {
  readonly running: RunningController
  /** Namespaces of the label that have the Secret. */
  readonly secrets: () => string[]
}

/** Namespaces team-a, team-b and team-c with the label, and a document that selects it, for longer than 30 s. */
export async function startSelected(t: Pick<TestContext, 'after'>, spec: object = deleting): Promise<Selected> {
  const started = await startControllerTest(t, { document: 'none' })
  const { sandbox, start, addNamespace, time } = started
  sandbox.cluster.installDefinitions()
  for (const name of ['team-a', 'team-b', 'team-c']) addNamespace(name, labels)
  writeResource(sandbox, { spec: { ...bySelector, ...spec } })
  const running = await start()
  await running.whenFresh(3)
  await pass(time, 31, running)
  const secrets = () => ['team-a', 'team-b', 'team-c'].filter(started.hasSecret)
  return { ...started, running, secrets }
}
