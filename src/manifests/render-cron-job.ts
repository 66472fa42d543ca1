/**
 * The CronJob: a look every quarter of an hour, and an exchange where it is due. A credential of an hour:
 *
 *   0 min        15 min       30 min               45 min       60 min
 *   minted ────▶ stays ─────▶ exchanged ──(or)───▶ exchanged ─▶ expired
 *
 * A credential that never lives longer than `minRemaining` is exchanged at each run.
 * https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */

import type { ContainerVariable } from './container-variables.ts'
import { type Manifest, ownLabels, ownName, type Place } from './manifest.ts'
import { documentFolder } from './projected-tokens-of.ts'
import type { DocumentFile } from './read-document-files.ts'
import { type Mounted, renderVolumes } from './render-volumes.ts'

/** Two quarters of an hour, and 5 minutes for a Pod to start: the first of the two runs that are left may fail. */
const minRemainingMinutes = 35

/** What tells a run what is wanted: the files that a ConfigMap holds, or variables. */
export type Wanted = { readonly files: readonly DocumentFile[] } | { readonly variables: readonly ContainerVariable[] }

/** What the CronJob runs, and when. */
export interface Run {
  readonly wanted: Wanted
  readonly schedule: string
  /** Of the credentials of its documents. */
  readonly longestLifeSeconds: number
}

export function renderCronJob(run: Run, mounted: Mounted, place: Place): Manifest {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: ownName, namespace: place.namespace, labels: ownLabels },
    spec: {
      schedule: run.schedule,
      concurrencyPolicy: 'Forbid', // two at once would only get in each other's way
      startingDeadlineSeconds: 600, // after 100 missed starts in a row without one, it would never start again
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          activeDeadlineSeconds: 840, // over before the next one starts
          backoffLimit: 1,
          podFailurePolicy: {
            rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [2] } }], // wrong usage stays wrong
          },
          ttlSecondsAfterFinished: 86_400,
          template: { metadata: { labels: ownLabels }, spec: renderPod(run, mounted, place) },
        },
      },
    },
  }
}

/** As Pod Security's `restricted` wants it. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
function renderPod(run: Run, mounted: Mounted, { image }: Place): object {
  const { wanted } = run
  const env = variablesOf(wanted, mounted)
  const { volumes, volumeMounts } = renderVolumes(mounted, 'files' in wanted ? 'mounted' : 'absent')
  return {
    serviceAccountName: ownName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
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

const variablesOf = (wanted: Wanted, { publishers }: Mounted): ContainerVariable[] => [
  ...('variables' in wanted ? wanted.variables : []),
  ...publishers.flatMap(({ variables }) => Object.entries(variables).map(([name, value]) => ({ name, value }))),
]

/** Refresh refuses a --min-remaining that no credential of its documents can satisfy. */
function argumentsOf({ wanted, longestLifeSeconds }: Run): string[] {
  const documents = 'files' in wanted ? wanted.files.filter(({ role }) => role === 'document') : []
  return [
    'refresh',
    ...documents.flatMap(({ name }) => ['-f', `${documentFolder}/${name}`]),
    ...(longestLifeSeconds > minRemainingMinutes * 60 ? ['--min-remaining', `${minRemainingMinutes}m`] : []),
  ]
}

/** A run was measured at 65 MiB and 0.15 s of CPU for a few namespaces, and at 147 MiB and 0.9 s for 2,000. */
const resources = {
  requests: { cpu: '10m', memory: '64Mi' },
  limits: { memory: '256Mi' },
}
