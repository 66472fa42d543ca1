/** The run as a whole, and results of doctor's checks that report no fault. */
import type { Section } from '../explanation.ts'

export const runSection: Section = {
  title: 'The run',
  introduction: 'Errors of the run as a whole.',
  codes: {
    USAGE_INVALID: {
      hops: ['run', 'document', 'trust'],
      meaning:
        'Flags or arguments are unknown or missing, or the environment configures a proxy that cannot be used, such as `socks5://`.',
      action: '`pullpass COMMAND --help` lists the flags.',
    },
    TIMED_OUT: {
      hops: ['run'],
      doctor: ['any'],
      meaning:
        'The run took longer than `--timeout` (default 5m), or a round of `issuer watch` longer than ten minutes. Objects that were written are kept.',
      action: 'Find the slow hop with `--log-level debug`, or set a longer `--timeout`.',
    },
    INTERRUPTED: {
      hops: ['run'],
      meaning:
        'The run received SIGINT or SIGTERM; what was written is kept. Its exit code is 130 or 143. Commands that run until they are stopped end with 0 instead.',
      action: 'Run the command again.',
    },
    OUTPUT_UNWRITABLE: {
      hops: ['run'],
      meaning:
        'Results could not be written to standard output: a full disk, or a device error. Completed changes are kept.',
      action: 'Check the target of the output, and run the command again.',
    },
    INTERNAL: {
      hops: ['run'],
      meaning:
        'A bug in pullpass. Only the class of the exception and its location are shown, since its message may contain secrets.',
      action: 'Report these lines.',
    },
  },
}

export const resultsSection: Section = {
  title: 'Results of doctor without a fault',
  introduction: 'A check of [`pullpass doctor`](doctor.md) that succeeded or was skipped.',
  codes: {
    OK: { doctor: ['any'], meaning: 'The check succeeded.' },
    DEPENDENCY_FAILED: {
      doctor: ['any'],
      meaning: 'Not checked: it depends on a check that failed, which is named.',
      action: 'Fix that check, and run `doctor` again.',
    },
    NOT_APPLICABLE: {
      doctor: ['pod'],
      meaning: 'No document writes a Secret into the namespace of the pod.',
    },
    NOT_NEEDED: {
      doctor: ['subject-token', 'discovery', 'key', 'signature'],
      meaning:
        'No token is needed, since the credential exists already. Or the published metadata is insufficient, but not needed: the keys are uploaded to the vendor, or a refresh publishes them first.',
    },
    NOT_READABLE: {
      doctor: ['publish', 'rights', 'secret', 'stored-credential', 'service-account', 'pod', 'pod-secrets', 'events'],
      meaning:
        'The permission to read the object is missing, or the response was unusable. Whether there is a problem is unknown.',
      action: 'Grant the permission that is named, or run `doctor` as a user that has it.',
    },
    SAMPLED: {
      doctor: ['write'],
      meaning: 'Only 20 namespaces of a document were checked, to limit the load on the API server.',
    },
  },
}
