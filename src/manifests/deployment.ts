/**
 * The Deployment of the controller: two replicas, of which one leads, on different nodes where there are several.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
 */
import {
  controllerName,
  type InstallTarget,
  type Manifest,
  ownLabels,
  type PodSettings,
  type ResourceLimits,
} from './manifest.ts'
import { documentArguments, type RefreshInput, renderPod } from './pod.ts'
import type { Mounted } from './volumes.ts'

/** Of its Pods: selectors of a Deployment, a NetworkPolicy and a PodDisruptionBudget do not match those of a CronJob. */
export const controllerPodLabels: Readonly<Record<string, string>> = {
  ...ownLabels,
  'app.kubernetes.io/component': 'controller',
}

export const healthPort = 8081
/** Reached by kubectl port-forward only. */
const statusPort = 8082

export interface ControllerRun {
  readonly input: RefreshInput
  /** Absent: it does not use custom resources, and has no permission for them. */
  readonly resources: ResourceLimits | undefined
  readonly settings: Pick<PodSettings, 'labels' | 'nodeSelector' | 'tolerations' | 'proxy'>
}

/** The Lease is empty: the controller needs no permission to create Leases of other names. */
export function renderController(run: ControllerRun, mounted: Mounted, installTarget: InstallTarget): Manifest[] {
  const metadata = { name: controllerName, namespace: installTarget.namespace, labels: controllerPodLabels }
  const selector = { matchLabels: controllerPodLabels }
  return [
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      // A Pod that is not ready does no work, and blocks no node from being drained.
      spec: { maxUnavailable: 1, selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 2,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector,
        template: {
          metadata: { labels: { ...run.settings.labels, ...controllerPodLabels } },
          spec: renderPod(contentOf(run), mounted, installTarget),
        },
      },
    },
  ]
}

const contentOf = ({ input, resources: limits, settings }: ControllerRun) => ({
  input,
  settings,
  name: 'controller',
  args: [
    'controller',
    ...documentArguments(input),
    ...(limits === undefined ? ['--no-custom-resources'] : tenantArguments(limits)),
    `--health-listen=*:${healthPort}`,
    `--status-listen=127.0.0.1:${statusPort}`,
  ],
  apiToken: 'until stopped' as const,
  resources,
  container: {
    ports: [{ name: 'health', containerPort: healthPort }],
    livenessProbe: { httpGet: { path: '/livez', port: 'health' }, periodSeconds: 30, timeoutSeconds: 5 },
    readinessProbe: { httpGet: { path: '/readyz', port: 'health' }, periodSeconds: 10, timeoutSeconds: 5 },
  },
  pod: {
    topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: 'ScheduleAnyway', // a cluster with one node
      labelSelector: { matchLabels: controllerPodLabels },
    })),
  },
})

const tenantArguments = ({ secretNames, audiences, tenants }: ResourceLimits): string[] =>
  tenants === undefined
    ? []
    : [
        ...tenants.serviceAccounts.map((name) => `--tenant-service-account=${name}`),
        ...secretNames.map((name) => `--tenant-secret-name=${name}`),
        ...audiences.map((audience) => `--tenant-audience=${audience}`),
        ...tenants.endpoints.map((endpoint) => `--tenant-endpoint=${endpoint}`),
      ]

/** Measured after the first writes: 105 MiB for 5,000 namespaces, 136 MiB for 10,000. A standby needs less. */
const resources = {
  requests: { cpu: '10m', memory: '128Mi' },
  limits: { memory: '256Mi' },
}
