import { suite } from 'node:test'
import { refusesEach } from '../../document/load-text.ts'

suite('a document is refused for', () => {
  refusesEach({
    'a malformed provider name': [
      '/providers/gardener',
      '/provider/gardener',
      '-:9:39: spec.registries[0].gcp.workloadIdentityProvider is "projects/123/locations/global/workloadIdentityPools/pool/provider/gardener"',
      'projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER',
    ],
    'a project id in the provider name': [
      'projects/123/',
      'projects/my-project/',
      '-:9:39: spec.registries[0].gcp.workloadIdentityProvider is "projects/my-project/locations/global/workloadIdentityPools/pool/providers/gardener"',
      'the project\'s number, not its id: gcloud projects describe my-project --format="value(projectNumber)"',
    ],
    'a provider without its pool': [
      /workloadIdentityProvider: [^}]*/,
      'projectNumber: 123, providerId: gardener',
      '-:9:7: spec.registries[0].gcp has no poolId',
      'workloadIdentityProvider, or all of projectNumber, poolId, providerId, or credentialFile',
    ],
    'no workload identity provider': [
      /\{workloadIdentityProvider: [^}]*\}/,
      '{scopes: [https://example.com/scope]}',
      '-:9:7: spec.registries[0].gcp names no workload identity provider',
      'workloadIdentityProvider, or all of projectNumber, poolId, providerId, or credentialFile',
    ],
    'a provider in two ways': [
      'gcp: {',
      'gcp: {poolId: pool, ',
      '-:9:13: spec.registries[0].gcp.poolId is set in addition to workloadIdentityProvider',
      'no such field: the full resource name contains it',
    ],
    'a repository by its host': [
      'gcp: {',
      'gcp: {trust: {repository: europe-docker.pkg.dev/example-project/images}, ',
      '-:9:33: spec.registries[0].gcp.trust.repository is "europe-docker.pkg.dev/example-project/images"',
      'its resource name: projects/example-project/locations/europe/repositories/images',
    ],
    'a boolean for uploaded keys': [
      'gcp: {',
      'gcp: {trust: {repository: projects/p/locations/europe/repositories/images, uploadKeys: true}, ',
      '-:9:94: spec.registries[0].gcp.trust.uploadKeys is true',
      'one of: Always, Never',
    ],
    'trust without its repository': [
      'gcp: {',
      'gcp: {trust: {uploadKeys: Never}, ',
      '-:9:13: spec.registries[0].gcp.trust.repository is missing',
      'projects/PROJECT/locations/LOCATION/repositories/REPOSITORY',
    ],
    'a life without an account to impersonate': [
      'gcp: {',
      'gcp: {lifetime: 1h, ',
      '-:9:13: spec.registries[0].gcp.lifetime is set without serviceAccountEmail',
      'serviceAccountEmail, or the field to be absent',
    ],
    'a life over 12 hours': [
      'gcp: {',
      'gcp: {serviceAccountEmail: a@b.iam.gserviceaccount.com, lifetime: 43201s, ',
      '-:9:73: spec.registries[0].gcp.lifetime is "43201s"',
      'a lifetime from 1s to 12h, such as 3600s or 1h',
    ],
    'a life in seconds alone': [
      'gcp: {',
      'gcp: {serviceAccountEmail: a@b.iam.gserviceaccount.com, lifetime: 3600, ',
      '-:9:73: spec.registries[0].gcp.lifetime is 3600',
      'a lifetime from 1s to 12h, such as 3600s or 1h',
    ],
    'an empty e-mail, never direct federation': [
      'gcp: {',
      'gcp: {serviceAccountEmail: "", ',
      '-:9:34: spec.registries[0].gcp.serviceAccountEmail is empty',
      "a service account's e-mail address, such as puller@project.iam.gserviceaccount.com",
    ],
    'an endpoint with a path': [
      'gcp: {',
      'gcp: {endpoints: {sts: "https://example.com/v1"}, ',
      '-:9:30: spec.registries[0].gcp.endpoints.sts is "https://example.com/v1"',
      'https://HOST[:PORT] without a path, or http:// to a loopback address',
    ],
    'an endpoint that tokens would reach in clear text': [
      'gcp: {',
      'gcp: {endpoints: {sts: "http://sts.example.com"}, ',
      '-:9:30: spec.registries[0].gcp.endpoints.sts is "http://sts.example.com"',
      'https://HOST[:PORT] without a path, or http:// to a loopback address',
    ],
  })
})
