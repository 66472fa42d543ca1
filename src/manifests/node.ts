/**
 * What the nodes of a cluster need so that their kubelets exchange the tokens of pods: a CredentialProviderConfig, the plugin's
 * own configuration, permission to request tokens for its audiences, and a DaemonSet that installs the program.
 * https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/
 *
 *   /opt/pullpass/bin/pullpass-HASH             started by the kubelet: one program for each audience
 *   /opt/pullpass/etc/kubelet.yaml              the CredentialProviderConfig
 *   /opt/pullpass/etc/pullpass-HASH.json        the registries that the program may use
 */
import { posix } from 'node:path'
import type { Document, DocumentRegistry } from '../document/document.ts'
import { checksumOf, type NodeConfig, registryAnnotation } from '../document/node-config.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { fingerprint } from '../text/fingerprint.ts'
import type { Vendors } from '../vendors/vendor.ts'
import { clusterWideName, type InstallTarget, type Manifest } from './manifest.ts'
import { renderSettingsPolicy } from './policies/config-maps.ts'
import { type BoundRegistry, bindRegistries, relative } from './projected-tokens.ts'

/** Registries whose tokens have one audience: a kubelet requests one token for each provider. */
export interface NodeProvider {
  /** Of the program, as the kubelet requires. It follows from the audience: kubelets read their configuration only at their start. */
  readonly name: string
  /** Undefined: the registries read a token file of the node, or use no token. */
  readonly audience: string | undefined
  /** Whether a password can be the token itself: the kubelet then keeps a credential for one token only. */
  readonly cacheType: 'Token' | 'ServiceAccount'
  readonly registries: readonly DocumentRegistry[]
  /** Of the other providers. */
  readonly others: NodeConfig['others']
}

/** Paths on a node. */
export interface NodePaths {
  /** Of programs and configurations. */
  readonly installed: string
  /** Undefined: no credential is kept on a node. */
  readonly cache: string | undefined
}

/** The cache is in memory, and does not survive a restart of the node. */
export const nodePaths: NodePaths & { readonly cache: string } = { installed: '/opt/pullpass', cache: '/run/pullpass' }

/** @throws DOCUMENT_INVALID for two registries with one name, and for what needs a cluster */
export async function nodeProvidersOf(documents: readonly Document[], vendors: Vendors): Promise<NodeProvider[]> {
  const bound = await bindRegistries(documents, vendors)
  for (const [index, { document, registry }] of bound.entries()) {
    const other = bound.slice(0, index).find((one) => one.registry.name === registry.name)
    if (other !== undefined) {
      throw refused(
        `${other.document.source} and ${document.source} both have a registry ${registry.name}`,
        'names that are unique in all documents: a ServiceAccount selects a registry by its name',
      )
    }
    const files = [registry.tokenFile, ...(registry.sources?.files ?? [])].filter((file) => file !== undefined)
    const file = files.find((one) => !posix.isAbsolute(one))
    if (file !== undefined) throw relative(file)
    if ((registry.sources?.secrets ?? []).length > 0) {
      throw refused(
        `registry ${registry.name} of ${document.source} reads a Secret`,
        'a file of the node: a node may not read Secrets',
      )
    }
  }
  const groups = [...Map.groupBy(bound, audienceOf)]
  return groups.map(([audience, group]) => ({
    name: `pullpass-${fingerprint(audience ?? '').slice(0, 8)}`,
    audience,
    cacheType: group.some(({ registry }) => vendors[registry.vendor]?.passwordIsToken) ? 'Token' : 'ServiceAccount',
    registries: group.map(({ registry }) => registry),
    others: groups
      .filter(([other]) => other !== audience)
      .flatMap(([, other]) => other.map(({ registry: { name, hosts } }) => ({ name, hosts }))),
  }))
}

const refused = (seen: string, expected: string) =>
  new PullpassError({ code: 'DOCUMENT_INVALID', hop: 'document', seen, expected, hint: 'change the document' })

const audienceOf = ({ registry, audiences }: BoundRegistry): string | undefined =>
  registry.tokenFile === undefined ? audiences[0] : undefined

/** kubelet.config.k8s.io/v1. Decoding is strict: no other fields. */
export const renderKubeletConfig = (providers: readonly NodeProvider[], { installed }: NodePaths): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1',
  kind: 'CredentialProviderConfig',
  providers: providers.map(({ name, audience, cacheType, registries }) => ({
    name,
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    matchImages: [...new Set(registries.flatMap(({ hosts }) => hosts))],
    defaultCacheDuration: '0s', // each response has its own
    args: ['--config', `${installed}/etc/${name}.json`],
    ...(audience !== undefined && {
      tokenAttributes: {
        serviceAccountTokenAudience: audience,
        cacheType,
        requireServiceAccount: true,
        optionalServiceAccountAnnotationKeys: [registryAnnotation],
      },
    }),
  })),
})

export function renderNodeConfig({ registries, others }: NodeProvider, { cache }: NodePaths): object {
  const kept = registries.map(({ settings, ...registry }) => ({ ...registry, settings: withoutTrust(settings) }))
  return {
    apiVersion: 'pullpass.dev/v1alpha1',
    kind: 'NodeConfig',
    registries: kept,
    others,
    checksum: checksumOf(kept, others),
    ...(cache !== undefined && { cacheFolder: cache }),
  }
}

/** What only pullpass trust reads is not needed on a node. */
function withoutTrust(settings: unknown): unknown {
  if (typeof settings !== 'object' || settings === null) return settings
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'trust'))
}

/** `files`: of the ConfigMap, rendered. */
interface NodeObjects {
  readonly paths: NodePaths
  readonly providers: readonly NodeProvider[]
  readonly files: Readonly<Record<string, string>>
}

const labels = { 'app.kubernetes.io/name': 'pullpass', 'app.kubernetes.io/component': 'node' } as const
const name = 'pullpass-node'
/** The settings policy protects it. */
const configMapName = 'pullpass-node'

/** In the order in which they can be applied: the policy first. */
export const renderNodeObjects = (
  { providers, files, paths }: NodeObjects,
  installTarget: InstallTarget,
): Manifest[] => [
  renderNamespace(installTarget),
  ...renderSettingsPolicy(installTarget),
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: installTarget.namespace, labels },
    automountServiceAccountToken: false,
  },
  ...renderTokenPermissions(providers, installTarget),
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: configMapName, namespace: installTarget.namespace, labels },
    data: files,
  },
  renderDaemonSet(paths, installTarget),
]

/** A DaemonSet that writes to the node is not possible under a stricter level. */
const renderNamespace = ({ namespace }: InstallTarget): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace, labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'privileged' } },
})

/** Kubelets may request tokens for an audience that no pod mounts only with this verb (Kubernetes 1.33 and newer). */
function renderTokenPermissions(providers: readonly NodeProvider[], installTarget: InstallTarget): Manifest[] {
  const audiences = providers.flatMap(({ audience }) => audience ?? [])
  if (audiences.length === 0) return []
  const metadata = { name: clusterWideName(installTarget, 'node-audiences'), labels }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name }
  return [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata,
      rules: [{ apiGroups: [''], resources: audiences, verbs: ['request-serviceaccounts-token-audience'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef,
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
    },
  ]
}

/** Root on the node owns the folder that it writes; no capability is needed for that. */
const renderDaemonSet = ({ installed }: NodePaths, { namespace, image }: InstallTarget): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace, labels },
  spec: {
    selector: { matchLabels: labels },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: name,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        priorityClassName: 'system-node-critical',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ operator: 'Exists' }],
        containers: [
          {
            name: 'install',
            image,
            args: [
              'credential-provider',
              'install',
              '--config',
              '/etc/pullpass',
              '--to',
              `/node${installed}`,
              '--node-path',
              installed,
            ],
            resources: { requests: { cpu: '5m', memory: '64Mi' }, limits: { memory: '256Mi' } },
            securityContext: {
              runAsUser: 0,
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
              seccompProfile: { type: 'RuntimeDefault' },
            },
            terminationMessagePolicy: 'FallbackToLogsOnError',
            volumeMounts: [
              { name: 'config', mountPath: '/etc/pullpass', readOnly: true },
              { name: 'node', mountPath: `/node${installed}` },
            ],
          },
        ],
        volumes: [
          { name: 'config', configMap: { name: configMapName } },
          { name: 'node', hostPath: { path: installed, type: 'DirectoryOrCreate' } },
        ],
      },
    },
  },
})
