/** The hops that doctor checks, in their order: of two that fail, the first is the one to fix first. */
import type { Hop } from './hop.ts'
import { clockHop } from './hops/clock.ts'
import { clusterHop } from './hops/cluster.ts'
import { documentHop } from './hops/document.ts'
import { exchangeHop } from './hops/exchange.ts'
import { discoveryHop, keyHop, signatureHop } from './hops/issuer/documents.ts'
import { publishHop } from './hops/issuer/publish.ts'
import { namespaceHop } from './hops/namespace.ts'
import { backOffHop, eventsHop } from './hops/pods/kubelet.ts'
import { podHop } from './hops/pods/pod.ts'
import { podSecretsHop } from './hops/pods/pod-secrets.ts'
import { serviceAccountHop } from './hops/pods/service-account.ts'
import { registryHop } from './hops/registry.ts'
import { rightsHop } from './hops/rights.ts'
import { scheduleHop } from './hops/schedule.ts'
import { secretHop } from './hops/secrets/secret.ts'
import { storedCredentialHop } from './hops/secrets/stored-credential.ts'
import { writeHop } from './hops/secrets/write.ts'
import { subjectTokenHop } from './hops/subject-token.ts'

/** A further step of a vendor's exchange has a name of the vendor's own, and the rank of `exchange`. */
export function rankIn(list: readonly Hop[]): (hop: string) => number {
  const names = list.map(({ name }) => name)
  return (hop) => names.indexOf(names.includes(hop) ? hop : exchangeHop.name)
}

export const hops: readonly Hop[] = [
  documentHop,
  clusterHop,
  clockHop,
  subjectTokenHop,
  publishHop,
  discoveryHop,
  keyHop,
  signatureHop,
  exchangeHop,
  registryHop,
  rightsHop,
  namespaceHop,
  scheduleHop,
  secretHop,
  storedCredentialHop,
  writeHop,
  serviceAccountHop,
  podHop,
  podSecretsHop,
  eventsHop,
  backOffHop,
]
