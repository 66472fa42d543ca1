/** What is to be said where the run's time was over before all had answered: pure. */
import type { Asked } from '../asked.ts'
import { failedBy } from '../failed-by.ts'
import { type DoctorHop, doctorHops, type Finding, firstFailure } from '../finding.ts'
import type { Late } from '../gather/patience.ts'
import { notTried } from '../not-tried.ts'

/** `found`: what was seen by then, which stays. */
export function judgeLate(found: readonly Finding[], { steps, fault }: Late, asked: Asked): Finding[] {
  const awaited = steps.flatMap(({ hops, of }) => hops.map((hop) => ({ hop, of })))
  const [first] = awaited.toSorted((one, other) => doctorHops.indexOf(one.hop) - doctorHops.indexOf(other.hop))
  if (first === undefined) return [...found]
  const { hop, of } = first
  const failed: Finding = {
    ...failedBy(hop, of, fault, { words: 'see what lies between here and there, or give it longer: --timeout' }),
    seen: `no answer in time: ${fault.seen}`,
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
    if (hop === 'publish') return documents.some(({ issuer }) => issuer !== undefined)
    if (hop === 'service-account') return documents.some((document) => document.attachToServiceAccounts.length > 0)
    return !ofPods.includes(hop) || (pod !== undefined && hop !== 'pod-secrets')
  })

const ofPods: readonly DoctorHop[] = ['pod', 'pod-secrets', 'events', 'back-off']
