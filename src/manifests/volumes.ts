/**
 * The Pod's volumes: documents, subject tokens, publishing identities, certificate authorities, and access to the API server.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/
 */
import type { PodIdentity } from '../vendors/publisher-identity.ts'
import type { Authorities } from './manifest.ts'
import { apiFolder, authoritiesFolder, documentFolder, type ProjectedToken, publishFolder } from './projected-tokens.ts'

/** ConfigMap with the documents. */
export const documentsName = 'pullpass-documents'
/** ConfigMap with the files of publishing identities. */
export const publishName = 'pullpass-publish'
/** ConfigMap with the certificates of --ca-file. */
export const authoritiesName = 'pullpass-ca'
export const authoritiesKey = 'ca.crt'
export const authoritiesFile: string = `${authoritiesFolder}/${authoritiesKey}`

export interface Volumes {
  readonly volumes: readonly object[]
  readonly volumeMounts: readonly object[]
}

interface MountedVolume {
  readonly name: string
  readonly mountPath: string
  readonly source: object
}

/** The Pod's mounts in addition to its access to the API server. */
export interface Mounted {
  readonly tokens: readonly ProjectedToken[]
  readonly publishers: readonly PodIdentity[]
  readonly authorities: Authorities | undefined
}

/** How long the Pod uses its token for the API server. */
export type ApiTokenLife = 'a run' | 'until stopped'

export function renderVolumes(
  { tokens, publishers, authorities }: Mounted,
  documents: 'mounted' | 'absent',
  apiToken: ApiTokenLife,
): Volumes {
  const documentVolume = {
    name: 'documents',
    mountPath: documentFolder,
    source: { configMap: { name: documentsName } },
  }
  const mounted = [
    apiAccessFor(apiToken),
    ...tokenVolumes(tokens),
    ...publishVolumes(publishers),
    ...(authorities === undefined ? [] : [authoritiesVolume(authorities)]),
    ...(documents === 'mounted' ? [documentVolume] : []),
  ]
  return {
    volumes: mounted.map(({ name, source }) => ({ name, ...source })),
    volumeMounts: mounted.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
  }
}

/**
 * As automounted, but valid for 10 minutes, or for an hour where a kubelet renews it: the API server extends an automounted token of
 * 3607 s to a year. A command that runs until it is stopped takes the namespace of its Lease from here.
 */
const apiAccessFor = (life: ApiTokenLife): MountedVolume => ({
  name: 'api-access',
  mountPath: apiFolder,
  source: {
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: life === 'a run' ? 600 : 3600 } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        ...(life === 'a run'
          ? []
          : [{ downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } }]),
      ],
    },
  },
})

/** A ConfigMap that is maintained elsewhere, for example by trust-manager, changes without another apply. */
function authoritiesVolume(authorities: Authorities): MountedVolume {
  const [name, key] =
    'text' in authorities ? [authoritiesName, authoritiesKey] : [authorities.configMap, authorities.key]
  const source = { configMap: { name, items: [{ key, path: authoritiesKey }] } }
  return { name: 'ca', mountPath: authoritiesFolder, source }
}

/** One volume per folder. */
function tokenVolumes(tokens: readonly ProjectedToken[]): MountedVolume[] {
  return [...Map.groupBy(tokens, ({ folder }) => folder)].map(([folder, files], index) => ({
    name: index === 0 ? 'tokens' : `tokens-${index + 1}`,
    mountPath: folder,
    source: {
      projected: {
        sources: files.map(({ file, audience, expirationSeconds }) => ({
          serviceAccountToken: { path: file, audience, expirationSeconds },
        })),
      },
    },
  }))
}

/** A token per cloud, which is exchanged immediately, and the file that describes the exchange. */
function publishVolumes(publishers: readonly PodIdentity[]): MountedVolume[] {
  if (publishers.length === 0) return []
  const tokens = publishers.map(({ file, audience }) => ({
    serviceAccountToken: { path: file, audience, expirationSeconds: 600 },
  }))
  const names = publishers.flatMap(({ files }) => Object.keys(files))
  const described = { configMap: { name: publishName, items: names.map((name) => ({ key: name, path: name })) } }
  const sources = names.length === 0 ? tokens : [...tokens, described]
  return [{ name: 'publish', mountPath: publishFolder, source: { projected: { sources } } }]
}
