/** Every vendor by its identifier. To add one: a folder, and its line here. A test holds the list, folders, schema and docs equal. */
import { aws } from './aws/vendor.ts'
import { awsPublic } from './awsPublic/vendor.ts'
import { azure } from './azure/vendor.ts'
import { gcp } from './gcp/vendor.ts'
import { oidc } from './oidc/vendor.ts'
import { staticCredential } from './static/vendor.ts'
import { token } from './token/vendor.ts'
import type { Vendors } from './vendor.ts'

export const vendors: Vendors = { gcp, aws, awsPublic, azure, oidc, static: staticCredential, token }
