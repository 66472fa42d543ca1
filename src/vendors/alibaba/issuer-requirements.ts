/**
 * How Alibaba Cloud reads an issuer. Its algorithms and number of keys are not documented: those of the standard.
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-ims-2019-08-15-createoidcprovider
 */
import type { IssuerRequirements } from '../../oidc/evaluate/issuer-requirements.ts'
import { standardRequirements } from '../../oidc/evaluate/standard-requirements.ts'
import { longestIssuer } from './names.ts'

export const issuerRequirements: IssuerRequirements = {
  ...standardRequirements,
  rules: {
    ...standardRequirements.rules,
    port: 'warning',
    privateAddress: 'failed',
    privateAuthority: {
      result: 'warning',
      fix: 'use a certificate of a public authority, or name the fingerprint of this one in alibaba.trust.fingerprints',
    },
    longestIssuer,
  },
}
