/**
 * Gathers the facts that the hops need, then evaluates the hops. Nothing is changed: exchanges and token requests are real,
 * writes are dry runs.
 *
 *   token ──▶ exchange ──▶ registry ─┐                      a failure makes the checks that depend on it `skipped`;
 *     └─▶ issuer, key, signature     ├─▶ write (dry run)    others continue
 *   cluster ──▶ rights, Secrets, pod ┘
 */
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { listExchangeRequests } from '../refresh/exchange-requests.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import { createDeadline, type Deadline, evaluateLate, type LateStep } from './deadline.ts'
import { explainEgress } from './egress.ts'
import { clusterSource } from './facts/cluster.ts'
import { type ScheduleFacts, scheduleSource } from './facts/schedule.ts'
import type { HopFinding } from './finding.ts'
import type { Facts, Found, Hop, Needs, Run, Source, Step, View } from './hop.ts'
import { watchClocks } from './hops/clock.ts'
import { documentFault } from './hops/document.ts'
import { hops as allHops, rankIn } from './hops.ts'
import type { DoctorRequest } from './request.ts'

/** The findings in the order of the hops. `connection`: to the cluster, or why there is none. @throws INTERRUPTED */
export async function diagnose(
  request: DoctorRequest,
  connection: Cluster | PullpassError,
  context: VendorContext,
  hops: readonly Hop[] = allHops,
): Promise<HopFinding[]> {
  const exchangeRequests = await listExchangeRequests(request.documents, context.vendors)
  const fault = documentFault(exchangeRequests, context.environment)
  if (fault !== undefined) return [fault]
  const deadline = createDeadline(context.signal)
  const facts = await gather(
    hops,
    { request, exchangeRequests, connection, context, ...watchClocks(context) },
    deadline,
  )
  const { cronJob, controller } = scheduleIn(facts)
  const commands = controller !== undefined && !cronJob ? request.commands.forController() : request.commands
  const view = { request: { ...request, commands }, exchangeRequests, now: context.now() }
  const findings = evaluate(hops, facts, view)
  const late = deadline.late()
  const all = late === undefined ? findings : evaluateLate(findings, late, { hops, request })
  const rank = rankIn(hops)
  return explainEgress(
    all.toSorted((one, other) => rank(one.hop) - rank(other.hop)),
    context.environment,
  )
}

type Gathered = ReadonlyMap<Source<unknown>, unknown>

/** Sources that need only the cluster are gathered concurrently, the others in the order of the hops. */
async function gather(hops: readonly Hop[], run: Run, deadline: Deadline): Promise<Gathered> {
  const facts = new Map<Source<unknown>, unknown>()
  const reading = new Map<Source<unknown>, Promise<void>>()
  const read = async (source: Source<unknown>): Promise<void> => {
    const begun = reading.get(source) ?? readOnce(source)
    reading.set(source, begun)
    await begun
  }
  const readOnce = async (source: Source<unknown>): Promise<void> => {
    for (const need of Object.values(source.needs)) await read(need)
    const known = factsOf(source.needs, facts)
    const gathering = async () => await source.gather(known, run)
    if (source.step === undefined) facts.set(source, await gathering())
    else facts.set(source, await deadline.limit(lateStep(source.step, known, run), source.otherwise, gathering))
  }
  const needed = hops.flatMap(({ needs }) => Object.values(needs))
  await read(clusterSource)
  const ofCluster = needed.filter(needsOnlyCluster)
  await Promise.all([...new Set(ofCluster)].map(read))
  for (const source of needed) await read(source)
  return facts
}

const needsOnlyCluster = ({ needs }: Source<unknown>): boolean =>
  Object.values(needs).every((need) => need === clusterSource || isOfCluster(need))

/** The cluster, and nothing else: neither a file nor another host. */
const isOfCluster = ({ needs }: Source<unknown>): boolean => {
  const all = Object.values(needs)
  return all.length > 0 && all.every((need) => need === clusterSource)
}

function lateStep(step: Step, known: Facts, { connection }: Run): LateStep {
  const server = connection instanceof PullpassError ? 'kubeconfig' : connection.server
  return { ...step, of: step.of === 'cluster' ? server : step.of, advice: step.advice?.(known) }
}

const factsOf = (needs: Needs, facts: Gathered): Facts =>
  Object.fromEntries(Object.entries(needs).map(([name, source]) => [name, facts.get(source)]))

/** Of all hops: the commands that they print depend on what is installed. */
function scheduleIn(facts: Gathered): ScheduleFacts {
  const found = [...facts].find(([source]) => source === scheduleSource)?.[1]
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- gathered by this source
  return (found as ScheduleFacts | undefined) ?? scheduleSource.otherwise
}

/** Each hop after those whose findings it reads. Pure. */
function evaluate(hops: readonly Hop[], facts: Gathered, view: Omit<View, 'found'>): HopFinding[] {
  const findings = new Map<string, readonly HopFinding[]>()
  const evaluateHop = (hop: Hop): void => {
    if (findings.has(hop.name)) return
    const after = hop.after === 'earlier' ? hops.slice(0, hops.indexOf(hop)) : hops.filter(isNamedIn(hop.after))
    after.forEach(evaluateHop)
    const found = foundIn(
      after.map(({ name }) => name),
      findings,
    )
    findings.set(hop.name, hop.evaluate(factsOf(hop.needs, facts), { ...view, found }))
  }
  hops.forEach(evaluateHop)
  return [...findings.values()].flat()
}

const isNamedIn =
  (names: readonly string[]) =>
  ({ name }: Hop) =>
    names.includes(name)

/** `readable`: in the order of the list. */
function foundIn(readable: readonly string[], findings: ReadonlyMap<string, readonly HopFinding[]>): Found {
  const of = (...hops: readonly string[]): HopFinding[] => {
    const other = hops.find((hop) => !readable.includes(hop))
    if (other !== undefined) throw new RangeError(`the findings of ${other} are read by a hop that is not after it`)
    return readable.filter((hop) => hops.includes(hop)).flatMap((hop) => findings.get(hop) ?? [])
  }
  return {
    of,
    failure: (...hops) => of(...(hops.length === 0 ? readable : hops)).find(({ result }) => result === 'failed'),
  }
}
