/** Flags of pullpass manifests for custom resources: an allow-list, since what they will contain is not known yet. */
import { brokenRule, type TextRule } from '../../document/field-rules.ts'
import { objectName, registryAudience } from '../../document/kubernetes-names.ts'
import { showValue } from '../../document/show-value.ts'
import type { ResourceLimits } from '../../manifests/manifest.ts'
import { type Flag, type FlagValues, usageFault } from '../command-line/flag.ts'
import { parseNamespacedName } from '../command-line/flags.ts'

type Texts = Flag & { type: 'string'; multiple: true }

export const resourceFlags: {
  readonly 'custom-resources': Flag & { type: 'boolean' }
  readonly 'secret-name': Texts
  readonly 'service-account': Texts
  readonly audience: Texts
} = {
  'custom-resources': {
    type: 'boolean',
    summary: 'With --controller: also use the ClusterPullSecrets of the cluster; -f is optional',
  },
  'secret-name': {
    type: 'string',
    multiple: true,
    value: 'NAME',
    summary: 'Name that the Secrets of ClusterPullSecrets may have; repeatable',
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
    summary: 'Audience of the tokens that are requested for ClusterPullSecrets; repeatable',
  },
}

type Given = FlagValues<typeof resourceFlags> & { readonly controller?: boolean }

/** Undefined without --custom-resources. @throws USAGE_INVALID */
export function readResourceFlags(given: Given): ResourceLimits | undefined {
  const { 'secret-name': secretNames, 'service-account': accounts, audience: audiences } = given
  if (!given['custom-resources']) {
    const unused = (['secret-name', 'service-account', 'audience'] as const).find((flag) => given[flag].length > 0)
    if (unused === undefined) return undefined
    throw invalid(`--${unused} is given without --custom-resources`, 'both, or neither')
  }
  if (!given.controller)
    throw invalid('--custom-resources is given without --controller', 'both: a CronJob does not use custom resources')
  if (secretNames.length === 0)
    throw invalid(
      '--custom-resources is given without --secret-name',
      '--secret-name NAME, one for each name that their Secrets may have',
    )
  if (accounts.length > 0 !== audiences.length > 0) {
    const [one, other] = accounts.length > 0 ? ['service-account', 'audience'] : ['audience', 'service-account']
    throw invalid(`--${one} is given without --${other}`, 'both: a token is of an account, and for an audience')
  }
  return {
    secretNames: distinct(secretNames.map((name) => checked('secret-name', name, objectName))),
    accounts: distinct(accounts).map((account) => parseNamespacedName(account, 'ServiceAccount', 'manifests')),
    audiences: distinct(audiences.map((audience) => checked('audience', audience, registryAudience))),
  }
}

function checked(flag: string, text: string, rule: TextRule): string {
  const expected = brokenRule(rule, text)
  if (expected !== undefined) throw invalid(`--${flag} is ${showValue(text)}`, expected)
  return text
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)]

const invalid = (seen: string, expected: string) => usageFault('manifests', seen, expected)
