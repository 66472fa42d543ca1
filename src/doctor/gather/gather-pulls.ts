/** Each credential that was granted, tried at its registry as a pulling client does. */
import type { Document } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { sideBySide } from '../../refresh/apply-pull-secrets.ts'
import { type ExchangeRequest, mintedFrom } from '../../refresh/exchange-requests.ts'
import { matchImage } from '../../registry/match-credentials.ts'
import { type PullTrial, type TrialContext, tryPull } from '../../registry/pull.ts'
import type { WantedImage } from '../asked.ts'
import type { ExchangeFacts } from './gather-exchanges.ts'

export interface PullFacts {
  readonly demand: ExchangeRequest
  /** A host of the registry, or the image's. */
  readonly host: string
  readonly image: WantedImage | undefined
  /** undefined: there is no credential to try. */
  readonly trial: PullTrial | undefined
}

/** Registries throttle who asks much at once. */
const atOnce = 8

/** With images, those that a registry's hosts fit; without, its hosts. */
export async function gatherPulls(
  exchanges: readonly ExchangeFacts[],
  { documents, images }: { readonly documents: readonly Document[]; readonly images: readonly WantedImage[] },
  context: TrialContext,
): Promise<PullFacts[]> {
  const wanted = exchanges.flatMap(({ demand, result }) => {
    const hosts = hostsOf(demand, documents)
    const fitting = images.filter(({ reference }) => matchImage(hosts, reference).length > 0)
    const targets =
      images.length === 0
        ? hosts.map((host) => ({ host, image: undefined }))
        : fitting.map((image) => ({ host: image.reference.host, image }))
    return targets.map((target) => ({ demand, result, ...target }))
  })
  const pull = async ({ demand, result, host, image }: (typeof wanted)[number]): Promise<PullFacts> => {
    const known = result !== undefined && !(result instanceof PullpassError)
    const trial = known ? await tryPull(image?.reference ?? { host: addressOf(host) }, result, context) : undefined
    return { demand, host, image, trial }
  }
  return await sideBySide(wanted, pull, atOnce)
}

/** One exchange may serve registries that differ in hosts. */
function hostsOf(demand: ExchangeRequest, documents: readonly Document[]): string[] {
  const served = documents.flatMap((document) =>
    document.registries.filter((registry) => mintedFrom(document, registry) === demand.mintedFrom),
  )
  return [...new Set(served.flatMap(({ hosts }) => hosts))]
}

/** A document's host may have a path. */
const addressOf = (host: string) => host.split('/', 1)[0] ?? ''
