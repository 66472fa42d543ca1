/**
 * The admission policies of one account that a manifest creates: what it may do to Secrets and ServiceAccounts, and which tokens
 * it may request. Each account has all of them, whatever its role grants: a role can be extended by mistake, and permission to
 * request any token includes a ten-year token for the API server. They match the account's user name, so they do not restrict an
 * account that can impersonate others or change policies.
 *
 *   pullpass                                 the needs of its documents, and what custom resources may use; evictions only where
 *                                            these have them; as the controller's also its Lease (leases.ts)
 *   pullpass-issuer, pullpass-issuer-serve   no Secret, no ServiceAccount, only own tokens for pullpass.dev/issuer
 *
 * Which Events each may create: events.ts.
 */
import type { Document, NamespacedName } from '../../document/document.ts'
import { freshTokenRequest } from '../../oidc/cluster/cluster-issuer.ts'
import type { Account, Manifest, ResourceLimits } from '../manifest.ts'
import type { BoundRegistry } from '../projected-tokens.ts'
import { type AdmissionPolicy, celList, celText, renderPolicy } from './admission-policy.ts'
import { issuerEventsPolicy } from './events.ts'
import { evictionPolicies } from './evictions.ts'
import { secretsPolicy } from './secrets.ts'
import { serviceAccountsPolicy, tokensPolicy } from './service-accounts.ts'

export interface RefreshNeeds {
  readonly documents: readonly Document[]
  readonly registries: readonly BoundRegistry[]
  readonly resources?: ResourceLimits | undefined
  /** Of publications that the account keeps up to date. */
  readonly keyStates: readonly NamespacedName[]
  /** What it reports. */
  readonly events: AdmissionPolicy
}

/** For the account that refreshes pull secrets. @throws DOCUMENT_INVALID */
export const refreshAccountPolicies = (
  account: Account,
  { documents, registries, resources, keyStates, events }: RefreshNeeds,
): Manifest[] => [
  ...renderAll(account, {
    secrets: secretsPolicy(documents, resources),
    serviceAccounts: serviceAccountsPolicy(documents, resources),
    tokens: tokensPolicy(registries, resources, keyStates.length > 0 ? account : undefined),
    events,
  }),
  ...evictionPolicies(documents, resources).flatMap((policy) => renderPolicy(policy, account)),
]

/** For an account that requests only its own token, to detect the signing key. */
export const issuerAccountPolicies = (account: Account): Manifest[] =>
  renderAll(account, {
    secrets: { ...denied(`${account.name} may not write Secrets`), about: 'secrets', resource: 'secrets' },
    serviceAccounts: {
      ...denied(`${account.name} may not write ServiceAccounts`),
      about: 'serviceaccounts',
      resource: 'serviceaccounts',
    },
    tokens: ownTokensPolicy(account),
    events: issuerEventsPolicy(account),
  })

/** All policies that every account must have. */
interface PolicySet {
  readonly secrets: AdmissionPolicy
  readonly serviceAccounts: AdmissionPolicy
  readonly tokens: AdmissionPolicy
  readonly events: AdmissionPolicy
}

const renderAll = (account: Account, { secrets, serviceAccounts, tokens, events }: PolicySet): Manifest[] =>
  [secrets, serviceAccounts, tokens, events].flatMap((policy) => renderPolicy(policy, account))

const denied = (message: string): Pick<AdmissionPolicy, 'operations' | 'rules'> => ({
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  rules: [{ expression: 'false', message }],
})

function ownTokensPolicy({ namespace, name }: Account): AdmissionPolicy {
  const { audience, lifeSeconds } = freshTokenRequest
  return {
    about: 'tokens',
    operations: ['CREATE'],
    resource: 'serviceaccounts/token',
    rules: [
      {
        expression: `request.namespace == ${celText(namespace)} && request.name == ${celText(name)}`,
        message: `${name} may request only tokens of its own account`,
      },
      {
        expression: `object.spec.audiences == ${celList([audience])}`,
        message: `${name} may request only tokens for audience ${audience}`,
      },
      {
        expression: `object.spec.expirationSeconds <= ${lifeSeconds}`,
        message: `${name} may request only tokens with a lifetime of at most ${lifeSeconds} s`,
      },
    ],
  }
}
