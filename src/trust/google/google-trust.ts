/** Google's trust: a pool, a provider in it, a service account, and grants. https://cloud.google.com/iam/docs/workload-identity-federation */

import { providerOfParts } from '../../document/gcp-names.ts'
import { artifactRepository } from '../../document/gcp-rules.ts'
import type { TrustVendor } from '../trust-vendor.ts'
import { connectToGoogle } from './ask-google.ts'
import { googleResources } from './google-resources.ts'
import { imageInRepository } from './image-in-repository.ts'
import { repositoryOfImage } from './repository-of-image.ts'
import { wantOfGoogle } from './want/want-of-google.ts'

export const googleTrust: TrustVendor<'gcp'> = {
  repositories: { rule: artifactRepository, ofImage: repositoryOfImage, imageIn: imageInRepository },

  /** A principal names its pool, not its provider: only a pool of its own tells a cluster's service accounts from another's. */
  ofCluster(settings, { poolId, providerId }) {
    const [, projectNumber = '', , , , pool = '', , provider = ''] = settings.workloadIdentityProvider.split('/')
    const parts = { projectNumber, poolId: poolId ?? pool, providerId: providerId ?? provider }
    return { ...settings, workloadIdentityProvider: providerOfParts(parts) }
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
