/** As whom the Pod publishes its issuer's keys, where documents say where they are public. */
import type { Document } from '../document/document.ts'
import { cloudOf } from '../vendors/parse-target.ts'
import { type PodIdentity, type PublishAs, podIdentity } from '../vendors/pod-identity.ts'
import { type Place, refreshAccount, userName } from './manifest.ts'
import { publishFolder } from './projected-tokens.ts'

export interface Publishers {
  /** One for each cloud, since a process is one there. */
  readonly identities: readonly PodIdentity[]
  /** What to grant, or why nothing is published. */
  readonly grants: readonly string[]
  /** Clouds of `as` that no document publishes to. */
  readonly unused: readonly string[]
}

export function publishersOf(documents: readonly Document[], as: PublishAs, place: Place): Publishers {
  const publishing = documents.flatMap(({ issuer, registries }) => {
    const cloud = issuer && cloudOf(issuer.publishTo)
    return cloud === undefined ? [] : [{ cloud, target: issuer?.publishTo ?? '', registries }]
  })
  const byCloud = Map.groupBy(publishing, ({ cloud }) => cloud)
  const found = [...byCloud].map(([cloud, group]) => {
    const targets = [...new Set(group.map(({ target }) => target))]
    const registries = group.flatMap((one) => one.registries)
    const wanted = { targets, registries, as, subject: userName(refreshAccount(place)), folder: publishFolder }
    return { targets, identity: podIdentity(cloud, wanted) }
  })
  return {
    identities: found.flatMap(({ identity }) => identity ?? []),
    grants: found.flatMap(({ targets, identity }) => identity?.grants ?? targets.map(unsaid)),
    unused: Object.keys(as).filter((cloud) => !publishing.some((one) => one.cloud === cloud)),
  }
}

/** A refresh looks there all the same, and waits for whoever publishes. */
const unsaid = (target: string) =>
  `${target}: nobody, since none was named (--publish-as): tokens of a new key wait until issuer watch publishes it`
