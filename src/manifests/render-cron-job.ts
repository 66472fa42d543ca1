/**
 * The CronJob: a refresh every quarter of an hour, so that three may fail before a credential of an hour has expired.
 * https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */

import type { ContainerVariable } from './container-variables.ts'
import { type Manifest, ownLabels, ownName, type Place } from './manifest.ts'
import { documentFolder, type ProjectedToken } from './projected-tokens-of.ts'
import type { DocumentFile } from './read-document-files.ts'
import { renderVolumes } from './render-volumes.ts'

/** What tells a run what is wanted: the files that a ConfigMap holds, or variables. */
export type Wanted = { readonly files: readonly DocumentFile[] } | { readonly variables: readonly ContainerVariable[] }

export function renderCronJob(wanted: Wanted, tokens: readonly ProjectedToken[], place: Place): Manifest {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: ownName, namespace: place.namespace, labels: ownLabels },
    spec: {
      schedule: '*/15 * * * *',
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
          template: { metadata: { labels: ownLabels }, spec: renderPod(wanted, tokens, place) },
        },
      },
    },
  }
}

/** As Pod Security's `restricted` wants it. https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
function renderPod(wanted: Wanted, tokens: readonly ProjectedToken[], { image }: Place): object {
  const { volumes, volumeMounts } = renderVolumes(tokens, 'files' in wanted ? 'mounted' : 'absent')
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
        args: argumentsOf(wanted),
        ...('variables' in wanted && { env: wanted.variables }),
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

const argumentsOf = (wanted: Wanted): string[] =>
  'variables' in wanted
    ? ['refresh']
    : [
        'refresh',
        ...wanted.files
          .filter(({ role }) => role === 'document')
          .flatMap(({ name }) => ['-f', `${documentFolder}/${name}`]),
      ]

/** A run was measured at 65 MiB and 0.15 s of CPU for a few namespaces, and at 147 MiB and 0.9 s for 2,000. */
const resources = {
  requests: { cpu: '10m', memory: '64Mi' },
  limits: { memory: '256Mi' },
}
