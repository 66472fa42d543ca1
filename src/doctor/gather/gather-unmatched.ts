/** Images that no host of the documents matches, and whether a registry of these documents' vendors serves them at all. */
import type { Document } from '../../document/document.ts'
import { compareKey, matchImage } from '../../registry/match-credentials.ts'
import type { Vendors } from '../../vendors/vendor.ts'
import type { WantedImage } from '../asked.ts'

export interface UnmatchedImage {
  readonly image: WantedImage
  /** `these vendors`: a further host in a document makes it match. `others`: no document can issue a credential for it. */
  readonly servedBy: 'these vendors' | 'others'
}

export async function gatherUnmatched(
  documents: readonly Document[],
  images: readonly WantedImage[],
  vendors: Vendors,
): Promise<UnmatchedImage[]> {
  const registries = documents.flatMap((document) => document.registries)
  const hosts = registries.flatMap((registry) => registry.hosts)
  const unmatched = images.filter(({ reference }) => matchImage(hosts, reference).length === 0)
  if (unmatched.length === 0) return []
  const names = [...new Set(registries.map(({ vendor }) => vendor))]
  const setups = await Promise.all(names.map(async (name) => await vendors[name]?.trust?.load()))
  return unmatched.map((image) => {
    const isNear = hosts.some((host) => compareKey(host, image.reference) !== 'other host')
    const isOfVendor = setups.some((setup) => setup?.repositories.ofImage(image.reference) !== undefined)
    return { image, servedBy: isNear || isOfVendor ? 'these vendors' : 'others' }
  })
}
