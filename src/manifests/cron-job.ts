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

/** What tells a run what to refresh: the files in a ConfigMap, or variables. */
export type Wanted = { readonly files: readonly DocumentFile[] } | { readonly variables: readonly ContainerVariable[] }

/** What the CronJob runs, when, and where. */
export interface Run {
  readonly wanted: Wanted
  readonly schedule: Schedule
  /** Of the credentials of its documents. */
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
      concurrencyPolicy: 'Forbid', // two at once would only get in each other's way
      startingDeadlineSeconds: 600, // after 100 missed starts in a row without one, it would never start again
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          activeDeadlineSeconds: deadlineSeconds(run.schedule),
          backoffLimit: 1,
          podFailurePolicy: {
            rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [2] } }], // wrong usage stays wrong
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

/** A run ends before the next one starts; with retries it may take 5 minutes, and 14 are enough for any. */
const deadlineSeconds = ({ apartMinutes }: Schedule): number => Math.min(840, Math.max(300, apartMinutes * 60 - 60))

/** As Pod Security's `restricted` wants it. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
function renderPod(run: Run, mounted: Mounted, { image }: Place): object {
  const { wanted, settings } = run
  const env = variablesOf(run, mounted)
  const { volumes, volumeMounts } = renderVolumes(mounted, 'files' in wanted ? 'mounted' : 'absent')
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
  { wanted, settings: { proxy } }: Run,
  { publishers, authorities }: Mounted,
): ContainerVariable[] => [
  ...('variables' in wanted ? wanted.variables : []),
  ...publishers.flatMap(({ variables }) => Object.entries(variables).map(([name, value]) => ({ name, value }))),
  ...(proxy === undefined ? [] : [{ name: 'HTTPS_PROXY', value: proxy.url }]),
  ...(proxy?.noProxy === undefined ? [] : [{ name: 'NO_PROXY', value: proxy.noProxy }]),
  ...(authorities === undefined ? [] : [{ name: 'PULLPASS_CA_FILE', value: authoritiesFile }]),
]

/** Refresh refuses a --min-remaining that no credential of its documents can satisfy. */
function argumentsOf({ wanted, schedule, longestLifeSeconds }: Run): string[] {
  const documents = 'files' in wanted ? wanted.files.filter(({ role }) => role === 'document') : []
  const minutes = minRemainingMinutes(schedule)
  return [
    'refresh',
    ...documents.flatMap(({ name }) => ['-f', `${documentFolder}/${name}`]),
    ...(longestLifeSeconds > minutes * 60 ? ['--min-remaining', `${minutes}m`] : []),
  ]
}

/** A run was measured at 65 MiB and 0.15 s of CPU for a few namespaces, and at 147 MiB and 0.9 s for 2,000. */
const resources = {
  requests: { cpu: '10m', memory: '64Mi' },
  limits: { memory: '256Mi' },
}
