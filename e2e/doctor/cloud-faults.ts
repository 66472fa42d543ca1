/** Faults of the issuer and of Google that pullpass fixes, with the real cluster's keys and tokens. */
import { principalOf } from '../../sandbox/gcp/iam/workload-identity.ts'
import type { RealFault } from './real-fault.ts'
import { bucket, serviceAccountEmail } from './start-doctor-setup.ts'

export const cloudFaults: readonly RealFault[] = [
  {
    title: 'the issuer metadata was deleted',
    inject({ setup: { sandbox } }) {
      for (const name of ['.well-known/openid-configuration', 'openid/v1/jwks']) sandbox.gcp.store.remove(bucket, name)
    },
    hop: 'discovery',
    code: 'DISCOVERY_NOT_FOUND',
    command: /^pullpass issuer publish --to gs:\/\/real-cluster$/,
  },
  {
    title: 'the provider was recently deleted',
    inject: ({ setup: { sandbox, plane } }) =>
      sandbox.gcp.identity.putProvider({ name: sandbox.gcp.provider, issuerUri: plane.issuer, state: 'DELETED' }),
    hop: 'exchange',
    code: 'PROVIDER_NOT_FOUND',
    command: /^pullpass trust apply -f \S+$/,
    confirmation: 'terminal',
  },
  {
    title: 'workloadIdentityUser is not granted',
    inject: ({ setup: { sandbox }, system }) =>
      sandbox.gcp.accounts.denyTokens(
        serviceAccountEmail,
        principalOf(sandbox.gcp.provider, `system:serviceaccount:${system}:pullpass`),
      ),
    hop: 'impersonation',
    code: 'IMPERSONATION_DENIED',
    command: /^pullpass trust apply -f \S+$/,
    confirmation: 'terminal',
  },
]
