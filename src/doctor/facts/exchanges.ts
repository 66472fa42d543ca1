/**
 * The exchange of each registry, and the credentials tried at the registries. Exchanges are real: they cost the vendor's
 * quota; the credential is not stored.
 */
import type { DockerConfigEntry } from '../../credential/docker-config.ts'
import type { RegistryCredential } from '../../credential/registry-credential.ts'
import type { Document, NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import { readSourceSecret } from '../../kubernetes/objects/source-secret.ts'
import { type ExchangeRequest, mintFingerprint } from '../../refresh/exchange-requests.ts'
import { runConcurrently } from '../../refresh/run-concurrently.ts'
import { matchImage } from '../../registry/match-credentials.ts'
import { type PullAttempt, type PullContext, tryPull } from '../../registry/pull.ts'
import { defineSource, type Source } from '../hop.ts'
import type { Image } from '../request.ts'
import { clusterSource } from './cluster.ts'
import { imagesSource } from './pods.ts'
import { admissionsSource, admittedToken } from './tokens.ts'

export interface ExchangeFacts {
  readonly exchangeRequest: ExchangeRequest
  /** undefined: there was no token that would be accepted. */
  readonly result: RegistryCredential | PullpassError | undefined
}

/** A vendor's quota is shared by everything in a project, and registries limit the rate of requests. */
const maxConcurrent = 8

/** One for each admission, in their order. */
export const exchangesSource: Source<readonly ExchangeFacts[]> = defineSource({
  needs: { admissions: admissionsSource, cluster: clusterSource },
  step: { hops: ['exchange'], of: 'the vendor' },
  otherwise: [],
  async gather({ admissions, cluster }, { observed }) {
    const connected = cluster?.cluster
    const readSecret = connected && ((secret: NamespacedName) => readSourceSecret(connected, secret))
    const context = { ...observed, ...(readSecret && { readSecret }) }
    const exchange = async (admission: (typeof admissions)[number]): Promise<ExchangeFacts> => {
      const { exchangeRequest } = admission
      const token = admittedToken(admission)
      const isTried = token !== undefined || exchangeRequest.registry.subjectToken === 'unused'
      return {
        exchangeRequest,
        result: isTried ? await exchangeRequest.exchange(token, context).catch(asFault) : undefined,
      }
    }
    return await runConcurrently(admissions, exchange, maxConcurrent)
  },
})

/** A credential that was issued, tried at its registry as a container runtime does. */
export interface PullFacts {
  readonly exchangeRequest: ExchangeRequest
  /** A host of the registry, or the image's. */
  readonly host: string
  readonly image: Image | undefined
  /** undefined: there is no credential. */
  readonly attempt: PullAttempt | undefined
}

/** With images, those that the hosts of a registry match; without, its hosts, except those with "*", which are no addresses. */
export const pullsSource: Source<readonly PullFacts[]> = defineSource({
  needs: { exchanges: exchangesSource, images: imagesSource },
  step: { hops: ['registry'], of: 'the registry' },
  otherwise: [],
  async gather({ exchanges, images }, { request: { documents, plainHttp }, observed }) {
    const targets = exchanges.flatMap(({ exchangeRequest, result }) => {
      const hosts = hostsOf(exchangeRequest, documents)
      const matching = images.filter(({ reference }) => matchImage(hosts, reference).length > 0)
      const pullTargets =
        images.length === 0
          ? hosts.filter((host) => !host.includes('*')).map((host) => ({ host, image: undefined }))
          : matching.map((image) => ({ host: image.reference.host, image }))
      return pullTargets.map((target) => ({ exchangeRequest, result, ...target }))
    })
    const context = { ...observed, plainHttp }
    const pull = async ({ exchangeRequest, result, host, image }: (typeof targets)[number]): Promise<PullFacts> => {
      const isIssued = result !== undefined && !(result instanceof PullpassError)
      const attempt = isIssued
        ? await tryPull(image?.reference ?? { host: addressOf(host) }, result, context)
        : undefined
      return { exchangeRequest, host, image, attempt }
    }
    return await runConcurrently(targets, pull, maxConcurrent)
  },
})

/** One exchange may serve registries with different hosts. */
function hostsOf(exchangeRequest: ExchangeRequest, documents: readonly Document[]): string[] {
  const served = documents.flatMap((document) =>
    document.registries.filter((registry) => mintFingerprint(document, registry) === exchangeRequest.mintedFrom),
  )
  return [...new Set(served.flatMap(({ hosts }) => hosts))]
}

/** A document's host may have a path. */
const addressOf = (host: string) => host.split('/', 1)[0] ?? ''

/** Credentials that match an image, tried as a kubelet does: one after another, until one can pull. The last attempt. */
export async function tryInTurn(
  entries: readonly DockerConfigEntry[],
  { reference }: Image,
  context: PullContext,
): Promise<PullAttempt | undefined> {
  let attempt: PullAttempt | undefined
  for (const entry of entries) {
    attempt = await tryPull(reference, entry, context)
    if (attempt.outcome === 'pulls') break
  }
  return attempt
}
