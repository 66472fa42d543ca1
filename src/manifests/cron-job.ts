/** The CronJob that refreshes. https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ */
import type { Environment } from '../http/context.ts'
import type { DocumentFile } from './document-files.ts'
import { type Manifest, ownLabels, ownName, type Place, type PodSettings } from './manifest.ts'
import { documentFolder } from './projected-tokens.ts'
import { minRemainingMinutes, type Schedule } from './schedule.ts'
import { authoritiesFile, type Mounted, renderVolumes } from './volumes.ts'

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

/** The CronJob's command, schedule and Pod settings. */
export interface Run {
  readonly input: RefreshInput
  readonly schedule: Schedule
  /** The longest lifetime of the documents' credentials. */
  readonly longestLifeSeconds: number
  readonly settings: Pick<PodSettings, 'labels' | 'nodeSelector' | 'tolerations' | 'proxy'>
}

export function renderCronJob(run: Run, mounted: Mounted, place: Place): Manifest {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: ownName, namespace: place.namespace, labels: ownLabels },
    spec: {
      schedule: run.schedule.cron,
      concurrencyPolicy: 'Forbid', // concurrent runs would conflict
      startingDeadlineSeconds: 600, // without it, the CronJob would stop after 100 missed starts
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          activeDeadlineSeconds: deadlineSeconds(run.schedule),
          backoffLimit: 1,
          podFailurePolicy: {
            rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [2] } }], // invalid usage cannot succeed on a retry
          },
          ttlSecondsAfterFinished: 86_400,
          template: {
            metadata: { labels: { ...run.settings.labels, ...ownLabels } },
            spec: renderPod(run, mounted, place),
          },
        },
      },
    },
  }
}

/** A run must end before the next one: 5 minutes allow for retries, 14 are enough for any run. */
const deadlineSeconds = ({ apartMinutes }: Schedule): number => Math.min(840, Math.max(300, apartMinutes * 60 - 60))

/** As required by the Pod Security level `restricted`. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
function renderPod(run: Run, mounted: Mounted, { image }: Place): object {
  const { input, settings } = run
  const env = variablesOf(run, mounted)
  const { volumes, volumeMounts } = renderVolumes(mounted, 'files' in input ? 'mounted' : 'absent')
  return {
    serviceAccountName: ownName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
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
        name: 'refresh',
        image,
        args: argumentsOf(run),
        ...(env.length > 0 && { env }),
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
  { input, settings: { proxy } }: Run,
  { publishers, authorities }: Mounted,
): ContainerVariable[] => [
  ...('variables' in input ? input.variables : []),
  ...publishers.flatMap(({ variables }) => Object.entries(variables).map(([name, value]) => ({ name, value }))),
  ...(proxy === undefined ? [] : [{ name: 'HTTPS_PROXY', value: proxy.url }]),
  ...(proxy?.noProxy === undefined ? [] : [{ name: 'NO_PROXY', value: proxy.noProxy }]),
  ...(authorities === undefined ? [] : [{ name: 'PULLPASS_CA_FILE', value: authoritiesFile }]),
]

/** refresh refuses a --min-remaining that no credential of its documents can reach. */
function argumentsOf({ input, schedule, longestLifeSeconds }: Run): string[] {
  const documents = 'files' in input ? input.files.filter(({ role }) => role === 'document') : []
  const minutes = minRemainingMinutes(schedule)
  return [
    'refresh',
    ...documents.flatMap(({ name }) => ['-f', `${documentFolder}/${name}`]),
    ...(longestLifeSeconds > minutes * 60 ? ['--min-remaining', `${minutes}m`] : []),
  ]
}

/** Measured: 65 MiB and 0.15 s of CPU for a few namespaces, 147 MiB and 0.9 s for 2,000. */
const resources = {
  requests: { cpu: '10m', memory: '64Mi' },
  limits: { memory: '256Mi' },
}
