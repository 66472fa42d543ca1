/** The run as a whole, and results of doctor's checks that report no fault. */
import type { Section } from '../explanation.ts'

export const runSection: Section = {
  title: 'The run',
  introduction:
    'Errors of the run as a whole, hop `run`. The exit code is 2 for a command line, before any request is sent; otherwise 1.',
  codes: {
    USAGE_INVALID: {
      hops: ['run', 'document', 'trust'],
      meaning:
        'Flags or arguments are unknown or missing, or the environment configures a proxy that cannot be used, such as `socks5://`.',
      example: `USAGE_INVALID (run): unknown flag --dryrun
  expected a known flag, such as --dry-run
  fix: pullpass refresh --help`,
    },
    TIMED_OUT: {
      hops: ['run'],
      doctor: ['any'],
      meaning:
        'The run took longer than `--timeout` (default 5m), or a round of `issuer watch` longer than ten minutes. Objects that were written are kept.',
      example: `TIMED_OUT (run): the run did not end within 30s
  expected each hop to respond before the limit of --timeout
  fix: find the slow hop with --log-level debug, or set a longer --timeout`,
    },
    INTERRUPTED: {
      hops: ['run'],
      meaning:
        'The run received SIGINT or SIGTERM; the exit code is 130 or 143. Commands that run until they are stopped end with 0 instead.',
      example: `INTERRUPTED (run): the run was ended by SIGTERM
  expected the run to complete
  fix: run the command again; what was written is kept`,
    },
    OUTPUT_UNWRITABLE: {
      hops: ['run'],
      meaning:
        'Results could not be written to standard output: a full disk, or a device error. Completed changes are kept.',
      example: `OUTPUT_UNWRITABLE (run): standard output cannot be written: ENOSPC
  expected a terminal, a pipe or a file with space for the results
  fix: check the target of the output (a full disk?) and run the command again; what was done is kept`,
    },
    INTERNAL: {
      hops: ['run'],
      meaning:
        'A bug in pullpass. Only the class of the exception and its location are shown, since its message may contain secrets. Pull secrets keep their last credential.',
      example: `INTERNAL (run): unexpected internal error: TypeError at refreshOnce (pullpass.mjs:1:2345)
  expected no internal error; this is a bug in pullpass
  fix: report these lines; pull secrets keep their last credential`,
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
      action: 'Fix the check that is named, and run `doctor` again.',
    },
    NOT_APPLICABLE: {
      doctor: ['pod'],
      meaning: 'No document writes a Secret into the namespace of the pod.',
    },
    NOT_NEEDED: {
      doctor: ['discovery', 'key', 'signature'],
      meaning:
        'The published metadata is insufficient, but not needed: the keys are uploaded to the vendor, or a refresh publishes them first.',
    },
    NOT_READABLE: {
      doctor: ['publish', 'rights', 'secret', 'stored-credential', 'service-account', 'pod', 'pod-secrets', 'events'],
      meaning:
        'The permission to read the object is missing, or the response was unusable. Whether there is a problem is unknown.',
      action: 'Grant the permission that is named, or run `doctor` as a user with that permission.',
    },
    SAMPLED: {
      doctor: ['write'],
      meaning: 'Only 20 namespaces of a document were checked, to limit the load on the API server.',
    },
  },
}
