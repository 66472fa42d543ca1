/** What PullSecrets of the cluster may use: an installation states it, since tenants write them. */
import type { TenantLimits } from '../../controller/tenants/limits.ts'
import { brokenRule, type TextRule } from '../../document/field-rules.ts'
import { objectName, registryAudience } from '../../document/kubernetes-names.ts'
import { showValue } from '../../document/show-value.ts'
import { type Flag, type FlagValues, usageFault } from '../command-line/flag.ts'

type Texts = Flag & { type: 'string'; multiple: true }

export const tenantFlags: {
  readonly 'tenant-service-account': Texts
  readonly 'tenant-secret-name': Texts
  readonly 'tenant-audience': Texts
  readonly 'tenant-endpoint': Texts
} = {
  'tenant-service-account': {
    type: 'string',
    multiple: true,
    value: 'NAME',
    summary: 'ServiceAccount that PullSecrets may name, in their namespace; without it they are not used; repeatable',
  },
  'tenant-secret-name': {
    type: 'string',
    multiple: true,
    value: 'NAME',
    summary: 'Name that the Secrets of PullSecrets may have; repeatable',
  },
  'tenant-audience': {
    type: 'string',
    multiple: true,
    value: 'AUDIENCE',
    summary: 'Audience of the tokens that are requested for PullSecrets; repeatable',
  },
  'tenant-endpoint': {
    type: 'string',
    multiple: true,
    value: 'HOST[:PORT]',
    summary: 'Server that may receive tokens of PullSecrets though its address is private; repeatable',
  },
}

/** Undefined: PullSecrets are not used. @throws USAGE_INVALID */
export function readTenantFlags(
  given: FlagValues<typeof tenantFlags>,
  customResources: 'used' | 'ignored',
): TenantLimits | undefined {
  const {
    'tenant-service-account': serviceAccounts,
    'tenant-secret-name': secretNames,
    'tenant-audience': audiences,
    'tenant-endpoint': endpoints,
  } = given
  const lists = Object.entries({
    '--tenant-service-account': serviceAccounts,
    '--tenant-secret-name': secretNames,
    '--tenant-audience': audiences,
  })
  const [first] = lists.filter(([, values]) => values.length > 0).map(([flag]) => flag)
  if (first === undefined) {
    if (endpoints.length === 0) return undefined
    throw usageFault('controller', '--tenant-endpoint is given without --tenant-service-account', endpointExpected)
  }
  if (customResources === 'ignored')
    throw usageFault('controller', `${first} is given with --no-custom-resources`, 'one of them')
  const [missing] = lists.filter(([, values]) => values.length === 0).map(([flag]) => flag)
  if (missing !== undefined)
    throw usageFault(
      'controller',
      `${first} is given without ${missing}`,
      '--tenant-service-account, --tenant-secret-name and --tenant-audience together, or none of them',
    )
  return {
    serviceAccounts: serviceAccounts.map((name) =>
      readByRule('controller', '--tenant-service-account', name, objectName),
    ),
    secretNames: secretNames.map((name) => readByRule('controller', '--tenant-secret-name', name, objectName)),
    audiences: audiences.map((audience) => readByRule('controller', '--tenant-audience', audience, registryAudience)),
    endpoints: endpoints.map((one) => readEndpoint('controller', one)),
  }
}

/** @throws USAGE_INVALID */
export function readByRule(command: string, flag: string, text: string, rule: TextRule): string {
  const expected = brokenRule(rule, text)
  if (expected === undefined) return text
  const isNamespaced = rule === objectName && text.includes('/')
  throw usageFault(command, `${flag} is ${showValue(text)}`, isNamespaced ? 'a name without a namespace' : expected)
}

export const endpointExpected =
  '--tenant-service-account NAME, one for each account that PullSecrets may name: without it they are not used'

/** @throws USAGE_INVALID */
export function readEndpoint(command: string, text: string): string {
  const url = URL.parse(`https://${text}`)
  if (url !== null && `https://${text}` === url.origin) return text
  throw usageFault(command, `--tenant-endpoint is ${showValue(text)}`, 'HOST[:PORT] in lower case, without a path')
}
