/** Google Cloud, as far as a pull secret needs it: the STS and the IAM Credentials API over one memory. */
import type { SandboxHandler } from '../serve/handler.ts'
import { type AccessTokens, createAccessTokens } from './access-tokens.ts'
import { iamCredentials } from './iam-credentials.ts'
import { readPublishedKeys } from './published-keys.ts'
import { securityTokenService } from './security-token-service.ts'
import { createServiceAccounts, type ServiceAccounts } from './service-accounts.ts'
import { createWorkloadIdentity, type WorkloadIdentity } from './workload-identity.ts'

export interface GoogleCloud {
  readonly sts: SandboxHandler
  readonly iamCredentials: SandboxHandler
  readonly identity: WorkloadIdentity
  readonly accounts: ServiceAccounts
  readonly whoHolds: AccessTokens['whoHolds']
}

export interface GoogleCloudNeeds {
  readonly now: () => Date
  /** PEM, trusted when an issuer's documents are fetched by https. */
  readonly ca?: string
}

export function createGoogleCloud({ now, ca }: GoogleCloudNeeds): GoogleCloud {
  const identity = createWorkloadIdentity()
  const accounts = createServiceAccounts(now)
  const tokens = createAccessTokens(now)
  return {
    sts: securityTokenService({ identity, tokens, readKeys: (provider) => readPublishedKeys(provider, ca), now }),
    iamCredentials: iamCredentials({ accounts, tokens, now }),
    identity,
    accounts,
    whoHolds: tokens.whoHolds,
  }
}
