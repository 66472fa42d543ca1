/** Documents and variables: what each code means and what to do. */
import type { Section } from '../explanation.ts'

export const documentSection: Section = {
  title: 'Documents and variables',
  introduction: 'Reported before any request is sent.',
  codes: {
    VARIABLE_INVALID: {
      hops: ['document', 'subject-token', 'kubernetes'],
      doctor: ['document'],
      meaning:
        'A variable of the document (read without `-f`) or of pullpass itself, such as an endpoint, is missing, empty or malformed.',
      action:
        'Set the value in the line `expected`. Direct federation, without `SERVICE_ACCOUNT_EMAIL`, requires a [document](document.md).',
      example: `VARIABLE_INVALID (document): variable PROJECT_NUMBER is "example-project"
  expected the project's number, not its id: gcloud projects describe example-project --format="value(projectNumber)"`,
    },
    DOCUMENT_UNREADABLE: {
      hops: ['document'],
      doctor: ['document'],
      meaning: 'A file of documents does not exist, is not UTF-8, is longer than 1 MiB, or contains no document.',
      action: 'Correct the path; in a pod, check the mount path and the `items` of the volume.',
    },
    DOCUMENT_INVALID: {
      hops: ['document', 'trust'],
      doctor: ['document'],
      meaning:
        'A document violates [its schema](document.md) or a rule between fields. Further problems follow as `also …` (JSON: `also`).',
      action: 'Change the field as the line `expected` states.',
      example: `DOCUMENT_INVALID (document): pull.yaml:5:3: spec.secretname is not a known field
  expected "secretName"`,
    },
    SECRET_CLAIMED_TWICE: {
      hops: ['document'],
      doctor: ['document'],
      meaning: 'Two documents of one run write the same Secret in the same namespace.',
      action: 'Merge their registries into one document, or change `secretName` or the namespaces of one.',
    },
    CREDENTIAL_FILE_INVALID: {
      hops: ['document', 'publish', 'trust'],
      doctor: ['document'],
      meaning:
        'A credential configuration file, of a document or of the operator (`GOOGLE_APPLICATION_CREDENTIALS`), names addresses that are not of the vendor or its universe (`universeDomain` next to `credentialFile`; for the operator `GOOGLE_CLOUD_UNIVERSE_DOMAIN`, `PULLPASS_GCP_STS_ENDPOINT`), or a source that runs a program or calls an address other than that of GitHub Actions.',
      action: 'Write the file again with the command in the line `fix`.',
    },
    CA_FILE_INVALID: {
      hops: ['document', 'kubernetes'],
      doctor: ['document', 'cluster'],
      meaning:
        'The file of `--ca-file`, of `PULLPASS_CA_FILE`, or of the certificate authority of the cluster does not exist or contains no certificate.',
      action:
        'Use the PEM file with the certificate of the authority itself; `openssl x509 -noout -subject -in FILE` prints its subject.',
    },
  },
}
