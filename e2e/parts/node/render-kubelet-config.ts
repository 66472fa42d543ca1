/**
 * A kubelet's settings for a machine that is not its own: all its folders in one, nothing evicted, no firewall rules.
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
    // The API server asks it for logs, without a certificate; only this machine reaches it, for the time of a test.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: runtimeEndpoint,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false, // leaves no `kubepods` behind
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    podLogsDir: join(folder, 'logs'),
    volumePluginDir: join(folder, 'volume-plugins'),
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '1Mi', 'imagefs.available': '1Mi' },
  })
