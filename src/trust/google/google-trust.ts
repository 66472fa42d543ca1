/** Google's trust: a pool, a provider in it, a service account, and grants. https://cloud.google.com/iam/docs/workload-identity-federation */

import { poolOf } from '../../document/gcp-names.ts'
import { artifactRepository } from '../../document/gcp-rules.ts'
import type { TrustVendor } from '../trust-vendor.ts'
import { connectToGoogle } from './ask-google.ts'
import { googleResources } from './google-resources.ts'
import { imageInRepository } from './image-in-repository.ts'
import { repositoryOfImage } from './repository-of-image.ts'
import { wantOfGoogle } from './want/want-of-google.ts'

export const googleTrust: TrustVendor<'gcp'> = {
  repositories: { rule: artifactRepository, ofImage: repositoryOfImage, imageIn: imageInRepository },

  /** One pool, and of several clusters a provider for each. */
  ofCluster(settings, { providerId }) {
    if (providerId === undefined) return settings
    const pool = poolOf(settings.workloadIdentityProvider)
    return { ...settings, workloadIdentityProvider: `${pool}/providers/${providerId}` }
  },

  want(needs) {
    const wanted = wantOfGoogle(needs)
    return {
      async open(outside, record) {
        return googleResources(wanted, record, await connectToGoogle(outside))
      },
    }
  },
}
