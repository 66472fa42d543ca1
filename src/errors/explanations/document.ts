/** Documents and variables: what each code means and what to do. */
import type { Section } from '../explanation.ts'

export const documentSection: Section = {
  title: 'Documents and variables',
  introduction: 'Reported before any request is sent.',
  codes: {
    VARIABLE_INVALID: {
      hops: ['document', 'kubernetes'],
      doctor: ['document'],
      meaning:
        'A variable of the document (read without `-f`) or of pullpass itself, such as an endpoint, is missing, empty or malformed; all are reported together.',
      action:
        'Set it to the value in the line `expected`. Direct federation, without `SERVICE_ACCOUNT_EMAIL`, requires a [document](document.md).',
      example: `VARIABLE_INVALID (document): variable PROJECT_NUMBER is "example-project"
  expected the project's number, not its id: gcloud projects describe example-project --format="value(projectNumber)"`,
    },
    DOCUMENT_UNREADABLE: {
      hops: ['document'],
      doctor: ['document'],
      meaning: 'A file of documents does not exist, is not UTF-8, is longer than 1 MiB, or contains no document.',
      example: `DOCUMENT_UNREADABLE (document): pull.yaml does not exist
  expected a file of YAML or JSON in UTF-8, at most 1 MiB
  fix: correct the path; in a pod, check the mount path and the items of the volume`,
    },
    DOCUMENT_INVALID: {
      hops: ['document', 'trust'],
      doctor: ['document'],
      meaning:
        'A document violates [its schema](document.md) or a rule between fields. Further problems follow as `also …` (in JSON, in the list `also`).',
      action: 'Change the field as the line `expected` states.',
      example: `DOCUMENT_INVALID (document): pull.yaml:5:3: spec.secretname is not a known field
  expected "secretName"`,
    },
    SECRET_CLAIMED_TWICE: {
      hops: ['document'],
      doctor: ['document'],
      meaning: 'Two documents of one run write the same Secret in the same namespace.',
      example: `SECRET_CLAIMED_TWICE (document): Secret team-a/regcred is claimed by ClusterPullSecret pull (pull.yaml:1) and by ClusterPullSecret other (pull.yaml:15)
  expected one document for each Secret
  fix: merge their registries into one document, or give one of them another secretName or other namespaces`,
    },
    CREDENTIAL_FILE_INVALID: {
      hops: ['document', 'publish', 'trust'],
      doctor: ['document'],
      meaning:
        'A credential configuration file, of a document or of the operator (`GOOGLE_APPLICATION_CREDENTIALS`), names addresses that are not of the vendor or of the universe (`universeDomain` next to `credentialFile`; for the operator `GOOGLE_CLOUD_UNIVERSE_DOMAIN`, `PULLPASS_GCP_STS_ENDPOINT`), or a source that runs a program or calls an address other than that of GitHub Actions.',
      example: `CREDENTIAL_FILE_INVALID (document): gcp.json:1:256: credential_source is of kind executable
  expected file: pullpass does not run programs or call URLs from a credential file
  fix: write it to FILE again, for the token in TOKEN_FILE: gcloud iam workload-identity-pools create-cred-config "\${PROVIDER:?}" --credential-source-file="\${TOKEN_FILE:?}" --output-file="\${FILE:?}"`,
    },
    CA_FILE_INVALID: {
      hops: ['document', 'kubernetes'],
      doctor: ['document', 'cluster'],
      meaning:
        'The file of `--ca-file`, of `PULLPASS_CA_FILE`, or of the certificate authority of the cluster does not exist or contains no certificate.',
      example: `CA_FILE_INVALID (document): proxy.pem contains no certificate
  expected one or more certificates in PEM: -----BEGIN CERTIFICATE-----
  fix: use the file with the certificate of the authority itself; openssl x509 -noout -subject -in FILE prints its subject`,
    },
  },
}
