/** Any other verifier that follows the standard. */
import type { IssuerRequirements } from '../../oidc/evaluate/issuer-requirements.ts'
import { standardRequirements } from '../../oidc/evaluate/standard-requirements.ts'

export const issuerRequirements: IssuerRequirements = standardRequirements
