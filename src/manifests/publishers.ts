/** The identities with which the Pod publishes the issuer's keys, for documents with spec.issuer. */

import type { Document } from '../document/document.ts'
import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { subjectOf } from '../identity/service-account.ts'
import type { PodIdentity } from '../vendors/publisher-identity.ts'
import { readTarget, vendorOfTarget } from '../vendors/target.ts'
import type { Vendors } from '../vendors/vendor.ts'
import { type InstallTarget, refreshAccount } from './manifest.ts'
import { publishFolder } from './projected-tokens.ts'

export interface Publishers {
  /** One for each vendor, since a process is one identity there. */
  readonly identities: readonly PodIdentity[]
  /** Where these identities publish, as documents name it. */
  readonly targets: readonly string[]
  /** Grants, or why nothing is published. */
  readonly grants: readonly string[]
  /** Vendors of `as` that no document publishes to. */
  readonly unused: readonly string[]
}

/** `as`: identities of `--publish-as`, by vendor. @throws USAGE_INVALID where a document's target is none */
export async function publishersOf(
  documents: readonly Document[],
  as: ReadonlyMap<string, unknown>,
  installTarget: InstallTarget,
  vendors: Vendors,
): Promise<Publishers> {
  const publishing = documents.flatMap(({ issuer, registries }) => {
    const vendor = issuer && vendorOfTarget(issuer.publishTo, vendors)
    return vendor === undefined ? [] : [{ vendor, target: issuer?.publishTo ?? '', registries }]
  })
  const byVendor = [...Map.groupBy(publishing, ({ vendor }) => vendor)]
  const found = await Promise.all(
    byVendor.map(async ([vendor, group]) => {
      const targets = [...new Set(group.map(({ target }) => target))]
      const names = targets.map(async (target) => {
        const { name } = await readStore(target, vendors)
        return { scheme: target.slice(0, target.indexOf(':')), name }
      })
      const publisher = await vendors[vendor]?.publisherIdentity?.load()
      const identity = publisher?.podIdentity({
        targets: await Promise.all(names),
        registries: group.flatMap((one) => one.registries).filter((registry) => registry.vendor === vendor),
        as: as.get(vendor),
        subject: subjectOf(refreshAccount(installTarget)),
        folder: publishFolder,
      })
      return { targets, identity }
    }),
  )
  return {
    identities: found.flatMap(({ identity }) => identity ?? []),
    targets: found.flatMap(({ targets, identity }) => (identity === undefined ? [] : targets)),
    grants: found.flatMap(({ targets, identity }) => identity?.grants ?? targets.map(withoutIdentity)),
    unused: [...as.keys()].filter((vendor) => !publishing.some((one) => one.vendor === vendor)),
  }
}

async function readStore(target: string, vendors: Vendors) {
  const read = await readTarget(target, {}, vendors)
  return read.kind === 'store' ? read : { name: undefined }
}

/** A refresh reads the target all the same, and waits for the publisher. */
const withoutIdentity = (target: string) =>
  `${target}: no grant, because --publish-as is not set: tokens of a new key wait until issuer watch publishes it`

/** Identities of `--publish-as`, by the vendor whose form each has. @throws USAGE_INVALID */
export async function parsePublishAs(
  identities: readonly string[],
  vendors: Vendors,
): Promise<ReadonlyMap<string, unknown>> {
  const publishers = await Promise.all(
    Object.entries(vendors).flatMap(([vendor, { publisherIdentity }]) =>
      publisherIdentity === undefined
        ? []
        : [publisherIdentity.load().then((publisher) => ({ vendor, form: publisherIdentity.form, publisher }))],
    ),
  )
  const found = new Map<string, unknown>()
  for (const text of identities) {
    const parsed = publishers.flatMap(({ vendor, publisher }) => {
      const as = publisher.parse(text)
      return as === undefined ? [] : [{ vendor, as }]
    })
    const [one] = parsed
    if (one === undefined) {
      throw invalid(text, publishers.map(({ form }) => form).join(', or '))
    }
    if (found.has(one.vendor)) throw invalid(text, `one identity for each vendor, and there are two for ${one.vendor}`)
    found.set(one.vendor, one.as)
  }
  return found
}

const invalid = (text: string, expected: string) =>
  new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen: `--publish-as is ${showValue(text)}`, expected })
