/**
 * Kubelet configuration for a shared machine: all folders in one, no eviction, no firewall rules.
 * https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
 */
import { join } from 'node:path'

export interface KubeletPlan {
  readonly folder: string
  readonly runtimeEndpoint: string
  readonly port: number
}

export const renderKubeletConfig = ({ folder, runtimeEndpoint, port }: KubeletPlan): string =>
  JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '127.0.0.1',
    port,
    healthzPort: 0,
    // The API server requests logs without a client certificate; the port is only reachable from this machine.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: runtimeEndpoint,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false, // does not create `kubepods`
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    podLogsDir: join(folder, 'logs'),
    volumePluginDir: join(folder, 'volume-plugins'),
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '1Mi', 'imagefs.available': '1Mi' },
  })
