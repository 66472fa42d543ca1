/** Hosts of Tencent Container Registry. https://www.tencentcloud.com/document/product/1051 */
import type { HostRule } from '../../document/vendor-hosts.ts'

/** An instance can also have a domain of its owner: hostPolicy: Any. */
export const registryHosts: HostRule = {
  accepts: (server) => /^[a-z0-9*-]+\.tencentcloudcr\.com$/.test(server),
  expected: 'NAME.tencentcloudcr.com',
}
