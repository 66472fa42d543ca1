/** Explanations of all codes, in the order of docs/errors.md, and what reports each. */
import { type Code, codes, eventReason, isCode } from './codes.ts'
import type { Explanation, Section } from './explanation.ts'
import { credentialProviderSection } from './explanations/credential-provider.ts'
import { documentSection } from './explanations/document.ts'
import { exchangeSection } from './explanations/exchange.ts'
import { issuerSection } from './explanations/issuer.ts'
import { keysSection } from './explanations/keys.ts'
import { kubernetesSection } from './explanations/kubernetes.ts'
import { publishSection } from './explanations/publish.ts'
import { registrySection } from './explanations/registry.ts'
import { responseSection } from './explanations/response.ts'
import { resultsSection, runSection } from './explanations/run.ts'
import { secretsSection } from './explanations/secrets.ts'
import { subjectTokenSection } from './explanations/subject-token.ts'
import { trustSection } from './explanations/trust.ts'

export const sections: readonly Section[] = [
  documentSection,
  subjectTokenSection,
  exchangeSection,
  issuerSection,
  keysSection,
  publishSection,
  trustSection,
  responseSection,
  registrySection,
  kubernetesSection,
  secretsSection,
  credentialProviderSection,
  runSection,
  resultsSection,
]

export const explanations: Readonly<Partial<Record<Code, Explanation>>> = Object.assign(
  {},
  ...sections.map((section) => section.codes),
)

/** The codes of a section with their explanations, in order. */
export const explanationsOf = (section: Section): (readonly [Code, Explanation])[] =>
  Object.entries(section.codes).flatMap(([code, one]) => (isCode(code) ? [[code, one] as const] : []))

/** `error (document), exit code 2; doctor; issuer check`, `doctor (key); alarm KeyRevoked`. */
export function reportedBy(code: Code): string {
  const { hops, doctor, issuerCheck, inspect, status, alarm, event } = explanations[code] ?? {}
  return [
    hops && `error ${at(hops)}${codes[code] === 2 ? ', exit code 2' : ''}`,
    doctor && (hops === undefined ? `doctor ${at(doctor)}` : 'doctor'),
    issuerCheck && 'issuer check',
    inspect && 'inspect secret',
    status && 'status',
    alarm && `alarm ${eventReason(code)}`,
    event && `Event ${eventReason(code)}`,
  ]
    .filter(Boolean)
    .join('; ')
}

/** The steps of an exchange, `exchange/NAME`, are hops of their own only where the exchange itself does not report the code. */
function at(hops: readonly string[]): string {
  const names = hops.filter((hop) => !(hop.includes('/') && hops.includes('exchange')))
  return names.includes('any') ? '(any hop)' : `(${names.join(', ')})`
}
