/**
 * What the Pod finds in its file system: its documents, the tokens to exchange, and its access to the API server.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/
 */
import type { PodIdentity } from '../vendors/publisher-identity.ts'
import type { Authorities } from './manifest.ts'
import { apiFolder, authoritiesFolder, documentFolder, type ProjectedToken, publishFolder } from './projected-tokens.ts'

/** Of the ConfigMap. */
export const documentsName = 'pullpass-documents'
/** Of the ConfigMap. */
export const publishName = 'pullpass-publish'
/** Of the ConfigMap that holds the authorities of --ca-file. */
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

/** What a Pod is given to read beside its access to the API server. */
export interface Mounted {
  readonly tokens: readonly ProjectedToken[]
  readonly publishers: readonly PodIdentity[]
  readonly authorities: Authorities | undefined
}

export function renderVolumes({ tokens, publishers, authorities }: Mounted, documents: 'mounted' | 'absent'): Volumes {
  const documentVolume = {
    name: 'documents',
    mountPath: documentFolder,
    source: { configMap: { name: documentsName } },
  }
  const mounted = [
    apiAccess,
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

/** What a Pod gets unasked, but short-lived: of the 3607 s of an automounted token the API server makes a year. */
const apiAccess: MountedVolume = {
  name: 'api-access',
  mountPath: apiFolder,
  source: {
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 600 } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      ],
    },
  },
}

/** A ConfigMap that is maintained elsewhere, as by trust-manager, changes without another apply. */
function authoritiesVolume(authorities: Authorities): MountedVolume {
  const [name, key] =
    'text' in authorities ? [authoritiesName, authoritiesKey] : [authorities.configMap, authorities.key]
  const source = { configMap: { name, items: [{ key, path: authoritiesKey }] } }
  return { name: 'ca', mountPath: authoritiesFolder, source }
}

/** One volume for each folder. */
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

/** A token for each cloud, which is exchanged at once, and what describes the exchange. */
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
