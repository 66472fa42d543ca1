/** Every vendor by its identifier. To add one: a folder, and its line here. A test compares the list, folders, schema and docs. */
import { alibaba } from './alibaba/vendor.ts'
import { aws } from './aws/vendor.ts'
import { awsPublic } from './awsPublic/vendor.ts'
import { azure } from './azure/vendor.ts'
import { chainguard } from './chainguard/vendor.ts'
import { cloudsmith } from './cloudsmith/vendor.ts'
import { gcp } from './gcp/vendor.ts'
import { http } from './http/vendor.ts'
import { jfrog } from './jfrog/vendor.ts'
import { oidc } from './oidc/vendor.ts'
import { quay } from './quay/vendor.ts'
import { staticCredential } from './static/vendor.ts'
import { tencent } from './tencent/vendor.ts'
import { token } from './token/vendor.ts'
import type { Vendors } from './vendor.ts'
import { yandex } from './yandex/vendor.ts'

export const vendors: Vendors = {
  gcp,
  aws,
  awsPublic,
  azure,
  oidc,
  alibaba,
  chainguard,
  cloudsmith,
  http,
  jfrog,
  quay,
  static: staticCredential,
  tencent,
  token,
  yandex,
}
