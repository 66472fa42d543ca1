/** Which registry of a configuration serves an image: by the kubelet's rules for hosts, then by the ServiceAccount's annotation. */
import type { DocumentRegistry } from '../document/document.ts'
import { registryAnnotation } from '../document/node-config.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { type ImageReference, parseImageReference } from '../registry/image-reference.ts'
import { compareKey, matchImage } from '../registry/match-credentials.ts'
import { quote } from '../text/plain-text.ts'

export interface Selection {
  readonly registry: DocumentRegistry
  readonly image: ImageReference
}

/** Without a name the longest matching host decides, then the order of the configuration. @throws REGISTRY_NOT_CONFIGURED */
export function selectRegistry(
  registries: readonly DocumentRegistry[],
  name: string,
  selected: string | undefined,
): Selection {
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
  throw new PullpassError({
    code: 'REGISTRY_NOT_CONFIGURED',
    hop: 'document',
    seen: `annotation ${registryAnnotation} of the ServiceAccount is ${quote(selected)}`,
    expected: `a registry of the configuration that serves ${quote(name)}: ${serving.map((one) => one.name).join(', ')}`,
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
