/** Hosts of Alibaba Cloud Container Registry, Enterprise Edition. https://www.alibabacloud.com/help/en/acr/ */
import type { HostRule } from '../../document/vendor-hosts.ts'

/** An instance can also have a domain of its owner: hostPolicy: Any. */
export const registryHosts: HostRule = {
  accepts: (server) => /^[a-z0-9*-]+\.(?:[a-z0-9-]+\.)?cr\.aliyuncs\.com$/.test(server),
  expected: 'NAME-registry.REGION.cr.aliyuncs.com',
}
