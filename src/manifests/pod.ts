/** The Pod of an installation: its restrictions, variables and volumes, for a CronJob and a Deployment. */
import type { Environment } from '../http/context.ts'
import type { DocumentFile } from './document-files.ts'
import { type InstallTarget, ownName, type PodSettings } from './manifest.ts'
import { documentFolder } from './projected-tokens.ts'
import { type ApiTokenLife, authoritiesFile, type Mounted, renderVolumes } from './volumes.ts'

export interface ContainerVariable {
  readonly name: string
  readonly value: string
}

/** Variables of the drop-in form (`names`) that are set. */
export const containerVariables = (environment: Environment, names: readonly string[]): ContainerVariable[] =>
  names.flatMap((name) => {
    const value = environment[name]?.trim()
    return value ? [{ name, value }] : []
  })

/** The documents of a run: files in a ConfigMap, or variables. */
export type RefreshInput =
  | { readonly files: readonly DocumentFile[] }
  | { readonly variables: readonly ContainerVariable[] }

export interface PodContent {
  readonly input: RefreshInput
  readonly settings: Pick<PodSettings, 'nodeSelector' | 'tolerations' | 'proxy'>
  /** Of the container. */
  readonly name: string
  readonly args: readonly string[]
  readonly apiToken: ApiTokenLife
  readonly resources: object
  /** Further fields of the container, and of the Pod. */
  readonly container?: object
  readonly pod: object
}

/** As required by the Pod Security level `restricted`. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export function renderPod(content: PodContent, mounted: Mounted, { image }: InstallTarget): object {
  const { input, settings, name, args, apiToken, resources, container, pod } = content
  const env = variablesOf(content, mounted)
  const { volumes, volumeMounts } = renderVolumes(mounted, 'files' in input ? 'mounted' : 'absent', apiToken)
  return {
    serviceAccountName: ownName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...pod,
    nodeSelector: { ...settings.nodeSelector, 'kubernetes.io/os': 'linux' },
    ...(settings.tolerations.length > 0 && { tolerations: settings.tolerations }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name,
        image,
        args,
        ...(env.length > 0 && { env }),
        ...container,
        resources,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts,
      },
    ],
    volumes,
  }
}

const variablesOf = (
  { input, settings: { proxy } }: PodContent,
  { publishers, authorities }: Mounted,
): ContainerVariable[] => [
  ...('variables' in input ? input.variables : []),
  ...publishers.flatMap(({ variables }) => Object.entries(variables).map(([name, value]) => ({ name, value }))),
  ...(proxy === undefined ? [] : [{ name: 'HTTPS_PROXY', value: proxy.url }]),
  ...(proxy?.noProxy === undefined ? [] : [{ name: 'NO_PROXY', value: proxy.noProxy }]),
  ...(authorities === undefined ? [] : [{ name: 'PULLPASS_CA_FILE', value: authoritiesFile }]),
]

/** `-f FILE` for each document in the ConfigMap. */
export function documentArguments(input: RefreshInput): string[] {
  const documents = 'files' in input ? input.files.filter(({ role }) => role === 'document') : []
  return documents.flatMap(({ name }) => ['-f', `${documentFolder}/${name}`])
}
