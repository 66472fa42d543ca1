/**
 * A controller in a process of its own, whose memory is measured. Its clock is that of the process that started it:
 *
 *     { kubeconfig, file, ca, environment } ──▶ started
 *     { advanceMs } ──▶ { heapBytes, entries }, when the controller has nothing to do, or waits for the clock
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import v8 from 'node:v8'
import { Controller } from '../../../src/controller/controller.ts'
import { loadDocumentSet } from '../../../src/controller/documents.ts'
import { connect } from '../../../src/kubernetes/connect.ts'
import { respondHealth } from '../../../src/server/health.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { SecretRegister } from '../../../src/text/secret-register.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { createVirtualTime } from '../virtual-time.ts'

export interface WeekStart {
  readonly kubeconfig: string
  readonly file: string
  readonly ca: string
  readonly environment: Readonly<Record<string, string>>
}

export interface WeekMeasure {
  readonly heapBytes: number
  /** Of all Maps and Sets in the process, but for the secrets that are searched for in messages: their number has a limit. */
  readonly entries: number
  /** Exchanges so far. */
  readonly exchanges: number
}

const time = createVirtualTime()
/** As many as it keeps, from the start. */
const secrets = new SecretRegister()
for (let count = 0; count < 1_000; count++) secrets.add(new Redacted(randomBytes(600).toString('base64url')))

async function start({ kubeconfig, file, ca, environment }: WeekStart): Promise<Controller> {
  const context = { ...fakeContext({ ca, environment }), now: time.now, sleep: time.sleep, secrets }
  const cluster = await connect({ kubeconfig }, context)
  const documents = await loadDocumentSet([file], context)
  const source = { ...context, tokenFile: undefined, openGate: () => Promise.reject(new Error('no gate')) }
  const issuerTrust = { authorities: [], accepted: { authorities: [], keys: [] } }
  const controller = new Controller(
    { files: [file], documents, customResources: 'used', issuerTrust, source, cluster },
    context,
  )
  controller.run().catch((error: unknown) => {
    throw error
  })
  return controller
}

async function becomeIdle(controller: Controller): Promise<number> {
  const metric = (name: string) => {
    const text = respondHealth('/metrics', controller.status.endpoints)?.text ?? ''
    return Number(new RegExp(`^pullpass_controller_${name} (.*)$`, 'm').exec(text)?.[1])
  }
  let idle = 0
  // A request that failed is repeated when the clock is advanced.
  for (let polls = 0; idle < 2 && polls < 40; polls++) {
    await wait(2)
    idle = metric('queue_depth') === 0 ? idle + 1 : 0
  }
  return metric('exchanges_total')
}

/** A summary begins with `Map(12)`. */
const sizeOf = (summary: string): number => Number(/^(?:Map|Set)\((\d+)\)/.exec(summary)?.[1] ?? 0)

const countEntries = (): number =>
  [Map, Set]
    .flatMap((kind) => v8.queryObjects(kind, { format: 'summary' }))
    .reduce((total, summary) => total + sizeOf(summary), -[...secrets].length - secrets.pieces.size)

let controller: Promise<Controller> | undefined
type Message = WeekStart | { readonly advanceMs: number; readonly measured: boolean }

async function respond(message: Message): Promise<void> {
  if (!('advanceMs' in message)) {
    controller = start(message)
    await controller
    process.send?.({})
    return
  }
  time.advance(message.advanceMs)
  const running = await controller
  if (running === undefined) return
  const exchanges = await becomeIdle(running)
  for (let times = 0; message.measured && times < 3; times++) {
    globalThis.gc?.()
    await wait(1) // what was weakly referenced is released in a later turn
  }
  const entries = message.measured ? countEntries() : 0
  process.send?.({ heapBytes: process.memoryUsage().heapUsed, entries, exchanges } satisfies WeekMeasure)
}

process.on('message', (message: Message) => void respond(message))
