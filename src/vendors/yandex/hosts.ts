/** The host of Yandex Container Registry. https://yandex.cloud/en/docs/container-registry/ */
import type { HostRule } from '../../document/vendor-hosts.ts'

export const registryHosts: HostRule = {
  accepts: (server) => server === 'cr.yandex' || server.endsWith('.cr.yandex'),
  expected: 'cr.yandex or a host below it',
}
