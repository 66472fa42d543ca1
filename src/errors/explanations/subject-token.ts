/** The subject token and the clocks that it depends on: what each code means and what to do. */
import type { Section } from '../explanation.ts'

export const subjectTokenSection: Section = {
  title: 'Subject token',
  introduction: 'The service account token that is exchanged. If a token file is invalid, nothing was exchanged.',
  codes: {
    TOKEN_FILE_UNREADABLE: {
      hops: ['subject-token', 'kubernetes'],
      doctor: ['subject-token'],
      meaning:
        'The token file does not exist, is empty or binary, or cannot be read. At hop `kubernetes`, it is the token for the API server.',
      action:
        'Mount a projected token there (`volumes[].projected.sources[].serviceAccountToken`), or correct the path.',
    },
    TOKEN_MALFORMED: {
      hops: ['subject-token'],
      doctor: ['subject-token'],
      meaning:
        'The file contains no JWT, or one that does not expire, as in Secrets of type `kubernetes.io/service-account-token`. Its content is not shown.',
      action: 'Use a projected token, or a document with `spec.serviceAccountRef`, so that pullpass requests one.',
    },
    TOKEN_EXPIRED: {
      hops: ['subject-token'],
      doctor: ['subject-token'],
      issuerCheck: true,
      meaning: 'The token expired more than a minute ago. `issuer check` still verifies its signature.',
      action:
        "Read the token from the pod's own projected volume, where the kubelet renews it. Check the clock of this machine.",
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
      action: 'Check the clocks of the cluster and of this machine, and that the token file is renewed.',
    },
    AUDIENCE_MISMATCH: {
      hops: ['subject-token', 'publish', 'trust'],
      doctor: ['subject-token'],
      issuerCheck: true,
      meaning:
        'The token was issued for another audience than that of its recipient, and is not sent. Operator credentials must not be valid for an API server. `issuer check` reports a warning, since a provider can have allowed audiences.',
      action:
        'Set that audience on the projected token, or let pullpass request the token (`spec.serviceAccountRef`). `pullpass inspect FILE` shows it. For a provider with allowed audiences, set `audience` of the registry.',
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
        'The issuer of the token differs from `spec.issuer`, from the URL that is checked or published, or, for `doctor`, from that of the cluster: the token is of another cluster, or older than a change of the issuer.',
      action:
        'After a change of the issuer, recreate the pod: the kubelet renews a token only at 80 % of its lifetime. Otherwise correct `spec.issuer.url`, `--issuer-url` or the issuer of the cluster (`pullpass issuer show --to-issuer URL`).',
    },
    TOKEN_REQUEST_REFUSED: {
      hops: ['subject-token'],
      doctor: ['subject-token'],
      meaning:
        'The ServiceAccount of `spec.serviceAccountRef` (or `--service-account`) or its namespace does not exist, or `create` on `serviceaccounts/token` is not permitted.',
      action: 'Create the ServiceAccount, correct the name, or grant the rule in the line `fix`.',
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
        'See the error in the message: the permission to request tokens of its own ServiceAccount, or the API server.',
    },
    SUBJECT_TOO_LONG: {
      hops: ['subject-token', 'exchange', 'trust'],
      doctor: ['subject-token'],
      issuerCheck: true,
      meaning: "The token's subject is longer than the vendor accepts: 127 bytes at Google, 255 characters at AWS.",
      action:
        'Use a ServiceAccount and namespace with shorter names; at Google, `google.subject` can be mapped to a shorter attribute.',
    },
    CLOCK_SKEWED: {
      doctor: ['clock'],
      alarm: true,
      meaning:
        '`doctor`: the clock of this machine differs from others by more than a minute. Alarm: that of an API server differs by more than 5 minutes, during which no key is withdrawn for its age.',
      action: 'Synchronize the clocks by NTP. In a pod, the clock is that of the node.',
    },
  },
}
