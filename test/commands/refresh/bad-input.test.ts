import { test } from 'node:test'
import { documentText } from '../../support/document-text.ts'
import { type BadInput, refusesBeforeWriting } from './refuses-before-writing.ts'

const variable = (name: string, value: string | undefined): BadInput['give'] => {
  return () => ({ environment: { [name]: value } })
}
const tokenFile = (content: string | Buffer): BadInput['give'] => {
  return async ({ write }) => ({ argv: ['--token-file', await write('token', content)] })
}

const badInputs: Record<string, BadInput> = {
  'a missing variable': {
    give: variable('POOL_ID', undefined),
    printed: [
      'VARIABLE_INVALID (document): variable POOL_ID is not set',
      '  expected the pool\'s id: 4 to 32 lower-case letters, digits and "-"',
    ],
  },
  'an empty variable': {
    give: variable('REGISTRY_SECRET_NAMESPACES', ''),
    printed: [
      'VARIABLE_INVALID (document): variable REGISTRY_SECRET_NAMESPACES is empty',
      '  expected a namespace, or a glob of lower-case letters, digits, "-", "*" (any characters) and "?" (one)',
    ],
  },
  'an empty e-mail, which is not direct federation': {
    give: variable('SERVICE_ACCOUNT_EMAIL', ''),
    printed: [
      'VARIABLE_INVALID (document): variable SERVICE_ACCOUNT_EMAIL is empty',
      "  expected a service account's e-mail address, such as puller@project.iam.gserviceaccount.com",
    ],
  },
  "a project's id for its number": {
    give: variable('PROJECT_NUMBER', 'example-project'),
    printed: [
      'VARIABLE_INVALID (document): variable PROJECT_NUMBER is "example-project"',
      '  expected the project\'s number, not its id: gcloud projects describe example-project --format="value(projectNumber)"',
    ],
  },
  'a namespace in a variable that cannot exist': {
    give: variable('REGISTRY_SECRET_NAMESPACES', 'a,Team_B'),
    printed: [
      'VARIABLE_INVALID (document): variable REGISTRY_SECRET_NAMESPACES contains "Team_B"',
      '  expected a namespace, or a glob of lower-case letters, digits, "-", "*" (any characters) and "?" (one)',
    ],
  },
  'a host in a variable with a scheme': {
    give: variable('REGISTRY_HOSTS', 'https://europe-docker.pkg.dev'),
    printed: [
      'VARIABLE_INVALID (document): variable REGISTRY_HOSTS contains "https://europe-docker.pkg.dev"',
      '  expected the host without a scheme: europe-docker.pkg.dev',
    ],
  },
  'an endpoint in a variable that would send tokens in the clear': {
    give: variable('PULLPASS_GCP_STS_ENDPOINT', 'http://sts.example.com'),
    printed: [
      'VARIABLE_INVALID (document): variable PULLPASS_GCP_STS_ENDPOINT is "http://sts.example.com"',
      '  expected https://HOST[:PORT] without a path, or http:// to a loopback address',
      '  fix: correct it, or unset it to use the endpoint of Google',
    ],
  },
  'a token file that does not exist': {
    give: ({ folder }) => ({ argv: ['--token-file', `${folder.path}/none`] }),
    printed: [
      'TOKEN_FILE_UNREADABLE (subject-token): FOLDER/none does not exist',
      '  expected a file that contains a service account token',
      '  fix: mount a projected token there (volumes[].projected.sources[].serviceAccountToken), set the path of the file that contains one, or use a document (-f) with spec.serviceAccountRef, so that pullpass requests one',
    ],
  },
  'an empty token file': {
    give: tokenFile(''),
    printed: [
      'TOKEN_FILE_UNREADABLE (subject-token): FOLDER/token is empty',
      '  expected a service account token',
      '  fix: mount a projected token (volumes[].projected.sources[].serviceAccountToken) and set its path',
    ],
  },
  'a binary token file': {
    give: tokenFile(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0])),
    printed: [
      'TOKEN_FILE_UNREADABLE (subject-token): FOLDER/token contains binary data',
      '  expected a service account token',
      '  fix: mount a projected token (volumes[].projected.sources[].serviceAccountToken) and set its path',
    ],
  },
  'a token file that holds something else': {
    give: tokenFile('not-a-token'),
    printed: [
      'TOKEN_MALFORMED (subject-token): FOLDER/token contains no service account token: it has 1 part',
      '  expected a JWT: header, payload and signature in base64url, joined by "."',
      '  fix: use a projected token (volumes[].projected.sources[].serviceAccountToken), or a document (-f) with spec.serviceAccountRef, so that pullpass requests one',
    ],
  },
  'an expired token': {
    async give({ cluster, write }) {
      const token = { namespace: 'image-system', name: 'pullpass', audiences: ['any'], lifeSeconds: -600 }
      return { argv: ['--token-file', await write('token', await cluster.signServiceAccountToken(token))] }
    },
    printed: [
      'TOKEN_EXPIRED (subject-token): FOLDER/token expired at 2026-11-24T11:50:00Z',
      '  expected a token that is valid now, at 2026-11-24T12:00:00Z',
      "  fix: read the token from the pod's own projected volume, where the kubelet renews it, not from a copy; check this machine's clock",
    ],
  },
  'a token without the audience': {
    async give({ cluster, write }) {
      const token = { namespace: 'image-system', name: 'pullpass', audiences: ['https://other'], lifeSeconds: 600 }
      return { argv: ['--token-file', await write('token', await cluster.signServiceAccountToken(token))] }
    },
    printed: [
      'AUDIENCE_MISMATCH (subject-token): FOLDER/token has audience "https://other"',
      '  expected "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster" (with or without "https:"), from registry REGISTRY',
      "  fix: set that audience on the pod's projected token (serviceAccountToken.audience); a document (-f) with spec.serviceAccountRef has pullpass request the token itself",
    ],
  },
  'a CA file without a certificate': {
    give: async ({ write }) => ({ argv: ['--ca-file', await write('ca.pem', 'nothing')] }),
    printed: [
      'CA_FILE_INVALID (document): FOLDER/ca.pem contains no certificate',
      '  expected one or more certificates in PEM: -----BEGIN CERTIFICATE-----',
      '  fix: use the file with the certificate of the authority itself; openssl x509 -noout -subject -in FILE prints its subject',
    ],
  },
  'a CA file that a variable names, and that is absent': {
    give: () => ({ argv: [], environment: { PULLPASS_CA_FILE: '/nonexistent/ca.crt' } }),
    printed: [
      'CA_FILE_INVALID (document): /nonexistent/ca.crt (from PULLPASS_CA_FILE) does not exist',
      '  expected one or more certificates in PEM: -----BEGIN CERTIFICATE-----',
      '  fix: correct the path, or let this user read the file',
    ],
  },
  'a context that the kubeconfig does not have': {
    give: () => ({ argv: ['--context', 'other'] }),
    printed: [
      'KUBECONFIG_INVALID (kubernetes): FOLDER/kubeconfig has no context "other"',
      '  expected one of its contexts: sandbox',
      '  fix: select a context with --context NAME, or another kubeconfig with --kubeconfig FILE',
    ],
  },
  'a kubeconfig that does not exist': {
    give: ({ folder }) => ({ argv: ['--kubeconfig', `${folder.path}/none`] }),
    printed: [
      'KUBECONFIG_INVALID (kubernetes): FOLDER/none does not exist',
      '  expected a kubeconfig, in YAML or JSON, with the cluster and user that its context names',
      '  fix: correct the path of the kubeconfig',
    ],
  },
  'a kubeconfig whose token file does not exist': {
    async give({ kubeconfig, write }) {
      const text = kubeconfig.replace(/token: .*/, 'tokenFile: none')
      return { argv: ['--kubeconfig', await write('config', text)] }
    },
    printed: [
      'TOKEN_FILE_UNREADABLE (kubernetes): FOLDER/none does not exist',
      '  expected a file with only a bearer token for the API server',
      '  fix: in a pod, mount a projected token at this path; in a kubeconfig, correct tokenFile',
    ],
  },
  'a kubeconfig whose authority is not a certificate': {
    async give({ kubeconfig, write }) {
      const text = kubeconfig.replace(/certificate-authority-data: .*/, 'certificate-authority-data: bm9uZQ==')
      return { argv: ['--kubeconfig', await write('config', text)] }
    },
    printed: [
      'CA_FILE_INVALID (kubernetes): certificate-authority-data in FOLDER/config contains no certificate',
      '  expected the certificate of the API server’s authority, in PEM: -----BEGIN CERTIFICATE-----',
      '  fix: kubectl get configmap kube-root-ca.crt -o jsonpath={.data.ca\\.crt} shows it',
    ],
  },
  'a credential on the command line': {
    give: () => ({ argv: ['--token-file', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2ln'] }),
    printed: [
      'USAGE_INVALID (run): the value of --token-file looks like a credential; it is not shown',
      '  expected no credential in arguments: other users of the machine can read them in the process list',
      '  fix: pullpass refresh --help',
    ],
  },
  'a duration that is none': {
    give: () => ({ argv: ['--min-remaining', '30 minutes'] }),
    printed: [
      'USAGE_INVALID (run): --min-remaining is "30 minutes"',
      '  expected a duration of at least 1s, such as 90s, 5m or 1h30m',
    ],
  },
  'a duration without a unit': {
    give: () => ({ argv: ['--min-remaining', '30'] }),
    printed: [
      'USAGE_INVALID (run): --min-remaining is "30"',
      '  expected a duration of at least 1s, such as 90s, 5m or 1h30m',
      '  fix: add a unit: --min-remaining 30m for minutes',
    ],
  },
  'more --min-remaining than any credential of the documents lives': {
    give: () => ({ argv: ['--min-remaining', '99h'] }),
    printed: [
      'USAGE_INVALID (run): --min-remaining 99h has no effect: new credentials of these documents are valid for at most 1h, so that every run exchanges',
      '  expected less than 1h',
      '  fix: pullpass refresh --help',
    ],
  },
  '--token-file with a document whose tokens are all requested': {
    async give(sandbox) {
      const more = '  serviceAccountRef: {namespace: image-system, name: pullpass}'
      const file = await sandbox.write('requested.yaml', documentText(sandbox, { more }))
      return { argv: ['-f', file, '--token-file', sandbox.folder.tokenFile] }
    },
    printed: [
      'USAGE_INVALID (run): --token-file has no effect: every registry has its own tokenFile, or a token requested by serviceAccountRef',
      '  expected a document without serviceAccountRef and tokenFile, or no --token-file',
      '  fix: pullpass refresh --help',
    ],
  },
  'a time limit that is none': {
    give: () => ({ argv: ['--timeout', 'soon'] }),
    printed: [
      'USAGE_INVALID (run): --timeout is "soon"',
      '  expected a duration of at least 1s, such as 90s, 5m or 1h30m',
    ],
  },
  'an unknown flag': {
    give: () => ({ argv: ['--dryrun'] }),
    printed: [
      'USAGE_INVALID (run): unknown flag --dryrun',
      '  expected a known flag, such as --dry-run',
      '  fix: pullpass refresh --help',
    ],
  },
}

test('bad variables, token files and flags end refresh before anything is exchanged or written', async (t) => {
  await refusesBeforeWriting(t, badInputs)
})
