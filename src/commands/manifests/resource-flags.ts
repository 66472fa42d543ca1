/** Flags of pullpass manifests for custom resources: an allow-list, since what they will contain is not known yet. */
import type { TextRule } from '../../document/field-rules.ts'
import { objectName, registryAudience } from '../../document/kubernetes-names.ts'
import type { ResourceLimits } from '../../manifests/manifest.ts'
import { type Flag, type FlagValues, usageFault } from '../command-line/flag.ts'
import { parseNamespacedName } from '../command-line/flags.ts'
import { endpointExpected, readByRule, readEndpoint, tenantFlags } from '../controller/tenant-flags.ts'

type Texts = Flag & { type: 'string'; multiple: true }

export const resourceFlags: {
  readonly 'custom-resources': Flag & { type: 'boolean' }
  readonly 'secret-name': Texts
  readonly 'service-account': Texts
  readonly audience: Texts
  readonly 'attach-service-account': Texts
  readonly 'evict-stuck-pods': Flag & { type: 'boolean' }
  readonly 'tenant-service-account': Texts
  readonly 'tenant-endpoint': Texts
} = {
  'custom-resources': {
    type: 'boolean',
    summary: 'With --controller: also use the ClusterPullSecrets of the cluster; -f is optional',
  },
  'secret-name': {
    type: 'string',
    multiple: true,
    value: 'NAME',
    summary: 'Name that the Secrets of custom resources may have; repeatable',
  },
  'service-account': {
    type: 'string',
    multiple: true,
    value: 'NAMESPACE/NAME',
    summary: 'ServiceAccount that ClusterPullSecrets may name in serviceAccountRef; repeatable',
  },
  audience: {
    type: 'string',
    multiple: true,
    value: 'AUDIENCE',
    summary: 'Audience of the tokens that are requested for custom resources; repeatable',
  },
  'attach-service-account': {
    type: 'string',
    multiple: true,
    value: 'NAME',
    summary: 'ServiceAccount that ClusterPullSecrets may name in attachToServiceAccounts; repeatable',
  },
  'evict-stuck-pods': {
    type: 'boolean',
    summary: 'ClusterPullSecrets may have stuckPods: Evict, in every namespace but kube-*',
  },
  'tenant-service-account': {
    type: 'string',
    multiple: true,
    value: 'NAME',
    summary: 'ServiceAccount that PullSecrets may name, in their namespace; without it they are not used; repeatable',
  },
  'tenant-endpoint': tenantFlags['tenant-endpoint'],
}

type Given = FlagValues<typeof resourceFlags> & { readonly controller?: boolean }

/** Undefined without --custom-resources. @throws USAGE_INVALID */
export function readResourceFlags(given: Given): ResourceLimits | undefined {
  const { 'secret-name': secretNames, 'service-account': accounts, audience: audiences } = given
  const { 'attach-service-account': attached, 'evict-stuck-pods': evict } = given
  const { 'tenant-service-account': tenants, 'tenant-endpoint': endpoints } = given
  if (!given['custom-resources']) {
    const texts = [
      'secret-name',
      'service-account',
      'audience',
      'attach-service-account',
      'tenant-service-account',
      'tenant-endpoint',
    ] as const
    const unused = evict ? 'evict-stuck-pods' : texts.find((flag) => given[flag].length > 0)
    if (unused === undefined) return undefined
    throw invalid(
      `--${unused} is given without --custom-resources`,
      '--custom-resources, to which it applies; documents of -f need no such flag',
    )
  }
  if (!given.controller)
    throw invalid('--custom-resources is given without --controller', 'both: a CronJob does not use custom resources')
  if (secretNames.length === 0)
    throw invalid(
      '--custom-resources is given without --secret-name',
      '--secret-name NAME, one for each name that their Secrets may have',
    )
  if (accounts.length + tenants.length > 0 !== audiences.length > 0) {
    const account = tenants.length > 0 ? 'tenant-service-account' : 'service-account'
    const [one, other] = audiences.length === 0 ? [account, 'audience'] : ['audience', account]
    throw invalid(`--${one} is given without --${other}`, 'both: a token is of an account, and for an audience')
  }
  if (endpoints.length > 0 && tenants.length === 0)
    throw invalid('--tenant-endpoint is given without --tenant-service-account', endpointExpected)
  return {
    secretNames: distinct(secretNames.map((name) => checked('secret-name', name, objectName))),
    accounts: distinct(accounts).map((account) => parseNamespacedName(account, '--service-account', 'manifests')),
    audiences: distinct(audiences.map((audience) => checked('audience', audience, registryAudience))),
    attachedAccounts: distinct(attached.map((name) => checked('attach-service-account', name, objectName))),
    stuckPods: evict ? 'Evict' : 'Ignore',
    ...(tenants.length > 0 && {
      tenants: {
        serviceAccounts: distinct(tenants.map((name) => checked('tenant-service-account', name, objectName))),
        endpoints: distinct(endpoints.map((endpoint) => readEndpoint('manifests', endpoint))),
      },
    }),
  }
}

const checked = (flag: string, text: string, rule: TextRule): string => readByRule('manifests', `--${flag}`, text, rule)

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)]

const invalid = (seen: string, expected: string) => usageFault('manifests', seen, expected)
