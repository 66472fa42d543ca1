/**
 * How Yandex Cloud reads an issuer. Its algorithms and number of keys are not documented: those of the standard.
 * https://yandex.cloud/docs/iam/concepts/workload-identity
 */
import type { IssuerRequirements } from '../../oidc/evaluate/issuer-requirements.ts'
import { standardRequirements } from '../../oidc/evaluate/standard-requirements.ts'

export const issuerRequirements: IssuerRequirements = {
  ...standardRequirements,
  rules: {
    ...standardRequirements.rules,
    port: 'warning',
    privateAddress: 'failed',
    privateAuthority: {
      result: 'warning',
      fix: 'use a certificate of a public authority: whether Yandex Cloud accepts another one is not documented',
    },
  },
}
