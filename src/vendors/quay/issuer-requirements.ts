/** How Quay reads an issuer: its keys must be RSA keys. https://github.com/quay/quay/blob/master/oauth/oidc.py */
import type { IssuerRequirements } from '../../oidc/evaluate/issuer-requirements.ts'
import { standardRequirements } from '../../oidc/evaluate/standard-requirements.ts'

export const issuerRequirements: IssuerRequirements = {
  ...standardRequirements,
  rules: { ...standardRequirements.rules, algorithms: ['RS256', 'RS384'] },
}
