/** The subject token and the clocks that it depends on: what each code means and what to do. */
import type { Section } from '../explanation.ts'

export const subjectTokenSection: Section = {
  title: 'Subject token',
  introduction: 'The exit code is 2 for a token file (nothing was exchanged), and 1 if the cluster issues no token.',
  codes: {
    TOKEN_FILE_UNREADABLE: {
      hops: ['subject-token', 'kubernetes'],
      doctor: ['subject-token'],
      meaning:
        'The token file does not exist, is empty or binary, or cannot be read. At hop `kubernetes` it is that for the API server.',
      example: `TOKEN_FILE_UNREADABLE (subject-token): no-token does not exist
  expected a file that contains a service account token
  fix: mount a projected token there (volumes[].projected.sources[].serviceAccountToken), or set the path of the file that contains one`,
    },
    TOKEN_MALFORMED: {
      hops: ['subject-token'],
      doctor: ['subject-token'],
      meaning:
        'The file contains no service account token that expires, unlike those of Secrets of type `kubernetes.io/service-account-token`. Its content is not shown.',
      example: `TOKEN_MALFORMED (subject-token): token contains no service account token: it has 1 part
  expected a JWT: header, payload and signature in base64url, joined by "."
  fix: use a projected token (volumes[].projected.sources[].serviceAccountToken), or a document (-f) with spec.serviceAccountRef, so that pullpass requests one`,
    },
    TOKEN_EXPIRED: {
      hops: ['subject-token'],
      doctor: ['subject-token'],
      issuerCheck: true,
      meaning: 'The token expired more than a minute ago. `issuer check` still verifies its signature.',
      example: `TOKEN_EXPIRED (subject-token): /var/run/secrets/tokens/oidc-token expired at 2026-11-24T13:00:00Z
  expected a token that is valid now, at 2026-11-24T14:00:00Z
  fix: read the token from the pod's own projected volume, where the kubelet renews it, not from a copy; check this machine's clock`,
    },
    TOKEN_NOT_YET_VALID: {
      doctor: ['subject-token'],
      meaning: 'The token was issued in the future: the clocks of the control plane and of this machine differ.',
      action: 'Synchronize both clocks by NTP.',
    },
    TOKEN_STALE: {
      hops: ['exchange'],
      doctor: ['exchange'],
      meaning:
        "By the vendor's clock, the token has expired or was issued in the future; by the clock of this machine, it is valid.",
      example: `TOKEN_STALE (exchange): Google's token service responded with 400 "invalid_grant: ID Token issued at 1795521600 is stale to sign-in."
  expected a token that is valid by Google's clock; this one expires at 2026-11-24T13:00:00Z
  fix: check the clocks of the cluster and of this machine, and that the token file is renewed (the kubelet renews projected tokens)`,
    },
    AUDIENCE_MISMATCH: {
      hops: ['subject-token', 'publish', 'trust'],
      doctor: ['subject-token'],
      issuerCheck: true,
      meaning:
        'The audience of the token is not the one that its recipient expects; it is not sent. For operator credentials, the token is valid for an API server. `issuer check` reports it as a warning, since a provider can have allowed audiences.',
      action:
        'Set that audience on the projected token, or let pullpass request the token (`spec.serviceAccountRef`). `pullpass inspect FILE` shows it. For a provider with allowed audiences, set `audience` of the registry.',
      example: `AUDIENCE_MISMATCH (subject-token): /var/run/secrets/tokens/oidc-token has audience "https://kubernetes.default.svc"
  expected "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster" (with or without "https:"), from registry europe-docker.pkg.dev
  fix: set that audience on the pod's projected token (serviceAccountToken.audience); a document (-f) with spec.serviceAccountRef has pullpass request the token itself`,
    },
    AUDIENCE_NOT_SINGLE: {
      issuerCheck: true,
      meaning:
        'The token has no audience, or more than one. Azure accepts exactly one; AWS was observed to refuse several.',
      action: 'Request a token with one audience.',
    },
    TOKEN_ISSUER_MISMATCH: {
      hops: ['subject-token'],
      doctor: ['subject-token', 'publish'],
      issuerCheck: true,
      alarm: true,
      meaning:
        'The issuer of the token differs from `spec.issuer`, from the URL that is checked or published, or, for `doctor`, from the issuer of the cluster: the token is of another cluster, or older than a change of the issuer.',
      action:
        'After a change of the issuer, recreate the pod: the kubelet renews a token only at 80 % of its lifetime. Otherwise correct `spec.issuer.url`, `--issuer-url` or the issuer of the cluster (`pullpass issuer show --to-issuer URL`).',
      example: `TOKEN_ISSUER_MISMATCH (subject-token): /var/run/secrets/tokens/oidc-token carries issuer https://storage.googleapis.com/example-cluster
  expected https://oidc.example.com/cluster-1, which the document states as its issuer
  fix: the kubelet renews a projected token at 80 % of its lifetime: recreate the Pod; otherwise set spec.issuer.url to the intended issuer`,
    },
    TOKEN_REQUEST_REFUSED: {
      hops: ['subject-token'],
      doctor: ['subject-token'],
      meaning:
        'The ServiceAccount of `spec.serviceAccountRef` (or `--service-account`) or its namespace does not exist, or the permission `create` on `serviceaccounts/token` is missing.',
      action: 'Create the ServiceAccount or correct the reference; or grant the rule in the line `fix`.',
      example: `TOKEN_REQUEST_REFUSED (subject-token): ServiceAccount image-system/puller does not exist, so that no token can be requested for it
  expected the service account that spec.serviceAccountRef names
  fix: correct the reference, or create the service account: kubectl create serviceaccount puller -n image-system`,
    },
    TOKEN_FILE_ELSEWHERE: {
      doctor: ['subject-token', 'exchange', 'impersonation', 'registry', 'write'],
      meaning:
        'The token file exists only in the pod that runs `refresh`: token, exchange and registry were not checked.',
      action: 'Run `pullpass doctor` in that pod, or pass its ServiceAccount: `--service-account NAMESPACE/NAME`.',
    },
    TOKEN_UNAVAILABLE: {
      alarm: true,
      meaning: 'An API server issued no token. Its signing key is unknown, so no key is withdrawn in this round.',
      action:
        "See the error in the alarm's message: the permission to request tokens of its own ServiceAccount, or the API server.",
    },
    SUBJECT_TOO_LONG: {
      hops: ['exchange', 'trust'],
      doctor: ['subject-token'],
      issuerCheck: true,
      meaning: "The token's subject is longer than the vendor accepts, such as 127 bytes at Google.",
      example: `SUBJECT_TOO_LONG (exchange): Google's token service responded with 400 "invalid_request: The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes."
  expected at most 127 bytes; system:serviceaccount:image-system:pullpass-of-the-image-platform-team-of-the-image-platform-team-of-the-image-platform-team-of-the-image-platform-team-x has 153
  fix: use a service account and namespace with shorter names, or map google.subject to a shorter attribute`,
    },
    CLOCK_SKEWED: {
      doctor: ['clock'],
      alarm: true,
      meaning:
        'For `doctor`: the clock of this machine differs from others by more than a minute. For the alarm: the clock of an API server differs by more than 5 minutes, during which no key is withdrawn for its age.',
      action: 'Synchronize the clocks by NTP. In a pod, the clock is that of the node.',
    },
  },
}
