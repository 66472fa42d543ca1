/** What is to be said where the run's time was over before all had answered: pure. */
import { nameHook, type SecretHook } from '../../kubernetes/objects/webhooks.ts'
import type { Asked } from '../asked.ts'
import { failedBy } from '../failed-by.ts'
import { type DoctorHop, doctorHops, type Finding, firstFailure, hopRank } from '../finding.ts'
import type { Late } from '../gather/patience.ts'
import { notTried } from '../not-tried.ts'

/** `found`: what was seen by then, which stays. */
export function judgeLate(
  found: readonly Finding[],
  { steps, fault }: Late,
  { asked, hooks }: { readonly asked: Asked; readonly hooks: readonly SecretHook[] },
): Finding[] {
  const awaited = steps.flatMap(({ hops, ...step }) => hops.map((hop) => ({ hop, ...step })))
  const [first] = awaited.toSorted((one, other) => hopRank(one.hop) - hopRank(other.hop))
  if (first === undefined) return [...found]
  const { hop, of, for: wanted } = first
  const waits =
    hop === 'write' && hooks.length > 0
      ? `the API server may wait for a webhook that it asks about Secrets: see whether these answer: ${hooks.map(nameHook).join(', ')}`
      : 'see what lies between here and there'
  const failed: Finding = {
    ...failedBy(hop, of, fault, { words: `${waits}, or give it longer: --timeout` }),
    seen: `no answer in time${wanted === undefined ? '' : ` to ${wanted}`}: ${fault.seen}`,
  }
  const seen = found.filter((finding) => !awaited.some((one) => one.hop === finding.hop))
  const unseen = hopsOf(asked).filter((one) => one !== hop && !seen.some((finding) => finding.hop === one))
  const cause = firstFailure([...seen, failed]) ?? failed
  return [...seen, failed, ...unseen.map((one) => notTried(one, '', cause))]
}

/** What is looked at, given the time. */
const hopsOf = ({ documents, namespace, pod }: Asked): DoctorHop[] =>
  doctorHops.filter((hop) => {
    if (hop === 'stored-credential') return namespace !== undefined
    if (hop === 'schedule') return false
    if (hop === 'publish') return documents.some(({ issuer }) => issuer !== undefined)
    if (hop === 'service-account') return documents.some((document) => document.attachToServiceAccounts.length > 0)
    return !ofPods.includes(hop) || (pod !== undefined && hop !== 'pod-secrets')
  })

const ofPods: readonly DoctorHop[] = ['pod', 'pod-secrets', 'events', 'back-off']
