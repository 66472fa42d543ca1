/** Which registry of a configuration serves an image: by the kubelet's rules for hosts, then by the ServiceAccount's annotation. */
import type { DocumentRegistry } from '../document/document.ts'
import { type NodeConfig, registryAnnotation } from '../document/node-config.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { type ImageReference, parseImageReference } from '../registry/image-reference.ts'
import { compareKey, matchImage } from '../registry/match-credentials.ts'
import { quote } from '../text/plain-text.ts'

export interface Selection {
  readonly registry: DocumentRegistry
  readonly image: ImageReference
}

/**
 * The first registry in the order in which a kubelet tries hosts, then of the configuration; or the one that is selected, if it
 * serves the image. `elsewhere`: another provider of the node has the selected registry for this image.
 * @throws REGISTRY_NOT_CONFIGURED
 */
export function selectRegistry(
  { registries, others }: Pick<NodeConfig, 'registries' | 'others'>,
  name: string,
  selected: string | undefined,
): Selection | 'elsewhere' {
  const image = parseImageReference(name)
  const serving = image === undefined ? [] : registriesFor(registries, image)
  const [first] = serving
  if (image === undefined || first === undefined) {
    throw new PullpassError({
      code: 'REGISTRY_NOT_CONFIGURED',
      hop: 'document',
      seen: `no registry of the configuration serves image ${quote(name)}`,
      expected: `an image at ${[...new Set(registries.flatMap(({ hosts }) => hosts))].join(', ')}`,
      hint: "add the host to a registry of the document, or remove it from the provider's matchImages",
    })
  }
  if (selected === undefined) return { registry: first, image }
  const registry = serving.find((one) => one.name === selected)
  if (registry !== undefined) return { registry, image }
  const other = others.find((one) => one.name === selected)
  if (other !== undefined && matchImage(other.hosts, image).length > 0) return 'elsewhere'
  // A pod can have images of several hosts: the selection applies to those that the selected registry serves.
  if (other !== undefined || registries.some((one) => one.name === selected)) return { registry: first, image }
  throw new PullpassError({
    code: 'REGISTRY_NOT_CONFIGURED',
    hop: 'document',
    seen: `annotation ${registryAnnotation} of the ServiceAccount is ${quote(selected)}`,
    expected: `a registry of the configuration: ${[...registries, ...others].map((one) => one.name).join(', ')}`,
    hint: 'correct the annotation, or add the registry to the document of the nodes',
  })
}

function registriesFor(registries: readonly DocumentRegistry[], image: ImageReference): DocumentRegistry[] {
  const matching = matchImage([...new Set(registries.flatMap(({ hosts }) => hosts))], image)
  return [...new Set(matching.flatMap((host) => registries.filter(({ hosts }) => hosts.includes(host))))]
}

/** `Image` if a host of the configuration has a path on this image's host: another image there may have another credential. */
export function cacheKeyTypeOf(registries: readonly DocumentRegistry[], image: ImageReference): 'Registry' | 'Image' {
  const hasPath = registries.some(({ hosts }) =>
    hosts.some((host) => host.includes('/') && compareKey(host, image) !== 'other host'),
  )
  return hasPath ? 'Image' : 'Registry'
}
