/** Runs of each command that has a structured result: where it succeeds, where a part fails, and where it ends before it has a result. */
import { documentText } from '../support/document-text.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'

export interface StructuredRun {
  readonly words: (sandbox: TestSandbox, file: string) => readonly string[] | Promise<readonly string[]>
  readonly kind: string
  readonly exitCode: 0 | 1 | 2
  /** The overall result; absent for errors. */
  readonly result?: 'ok' | 'failed'
  readonly before?: (sandbox: TestSandbox, file: string) => unknown
  readonly trust?: 'absent'
  readonly issuerDocuments?: 'absent'
}

const refreshed = (sandbox: TestSandbox, file: string) => runPullpass(sandbox, ['refresh', '-f', file])
const expired = async (sandbox: TestSandbox, file: string) => {
  await refreshed(sandbox, file)
  sandbox.clock.advance('2 h')
}
const applied = (sandbox: TestSandbox, file: string) => runPullpass(sandbox, ['trust', 'apply', '-f', file, '--yes'])
const kid = ({ cluster }: TestSandbox) => cluster.keys.current.kid
const bucket = 'gs://example-cluster'
const missing = () => ['-f', 'missing.yaml']

/** By title, which starts with the command. */
export const structuredRuns: Readonly<Record<string, StructuredRun>> = {
  'refresh writes pull secrets': {
    words: (_, file) => ['refresh', '-f', file],
    kind: 'RefreshResult',
    exitCode: 0,
    result: 'ok',
  },
  'refresh fails in a namespace': {
    words: async (sandbox) => [
      'refresh',
      '-f',
      await sandbox.write('two.yaml', documentText(sandbox, { include: ['team-a', 'nope'] })),
    ],
    kind: 'RefreshResult',
    exitCode: 1,
    result: 'failed',
  },
  'refresh has no document': { words: () => ['refresh', ...missing()], kind: 'Error', exitCode: 2 },
  'inspect shows a token': {
    words: ({ folder }) => ['inspect', folder.tokenFile],
    kind: 'InspectTokenResult',
    exitCode: 0,
    result: 'ok',
  },
  'inspect shows an expired token': {
    words: ({ folder }) => ['inspect', folder.tokenFile],
    before: ({ clock }) => clock.advance('2 h'),
    kind: 'InspectTokenResult',
    exitCode: 1,
    result: 'failed',
  },
  'inspect has no token': { words: () => ['inspect', 'missing'], kind: 'Error', exitCode: 2 },
  'inspect secret shows a pull secret': {
    words: ({ image }) => ['inspect', 'secret', 'team-a/regcred', '--image', image],
    before: refreshed,
    kind: 'InspectSecretResult',
    exitCode: 0,
    result: 'ok',
  },
  'inspect secret shows an expired credential': {
    words: () => ['inspect', 'secret', 'team-a/regcred'],
    before: expired,
    kind: 'InspectSecretResult',
    exitCode: 1,
    result: 'failed',
  },
  'inspect secret finds none': { words: () => ['inspect', 'secret', 'team-a/none'], kind: 'Error', exitCode: 1 },
  'status shows fresh pull secrets': {
    words: () => ['status'],
    before: refreshed,
    kind: 'StatusResult',
    exitCode: 0,
    result: 'ok',
  },
  'status shows an expired credential': {
    words: () => ['status', '--problems'],
    before: expired,
    kind: 'StatusResult',
    exitCode: 1,
    result: 'failed',
  },
  'status may not list': {
    words: () => ['status'],
    before: ({ cluster }) => cluster.authorization.forbid({ verbs: ['list'], resources: ['secrets'] }),
    kind: 'Error',
    exitCode: 1,
  },
  'doctor finds no failure': {
    words: (_, file) => ['doctor', '-f', file],
    before: refreshed,
    kind: 'DoctorResult',
    exitCode: 0,
    result: 'ok',
  },
  'doctor finds a failure': {
    words: (_, file) => ['doctor', '-f', file],
    kind: 'DoctorResult',
    exitCode: 1,
    result: 'failed',
  },
  'doctor has no document': { words: () => ['doctor', ...missing()], kind: 'Error', exitCode: 2 },
  'issuer check finds a problem': {
    words: ({ cluster }) => ['issuer', 'check', cluster.issuer],
    kind: 'IssuerCheckResult',
    exitCode: 1,
    result: 'failed',
  },
  'issuer check finds none': {
    words: ({ cluster }) => ['issuer', 'check', cluster.issuer, '--for', 'oidc'],
    kind: 'IssuerCheckResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer check has no URL': { words: () => ['issuer', 'check', 'cluster-1'], kind: 'Error', exitCode: 2 },
  'issuer show shows an issuer': {
    words: () => ['issuer', 'show'],
    kind: 'IssuerShowResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer show prints the steps to another': {
    words: () => ['issuer', 'show', '--to-issuer', 'https://oidc.example.com', '--distribution', 'k3s'],
    kind: 'IssuerShowResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer show finds a key that is not served': {
    words: () => ['issuer', 'show'],
    before: async ({ cluster }) => {
      const key = await cluster.keys.add()
      cluster.keys.signWith(key)
      cluster.keys.drop(key.kid)
    },
    kind: 'IssuerShowResult',
    exitCode: 1,
    result: 'failed',
  },
  'issuer show has no cluster': {
    words: () => ['issuer', 'show', '--kubeconfig', 'missing'],
    kind: 'Error',
    exitCode: 2,
  },
  'issuer publish publishes': {
    words: () => ['issuer', 'publish', '--to', bucket],
    issuerDocuments: 'absent',
    kind: 'IssuerPublishResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer publish would publish': {
    words: () => ['issuer', 'publish', '--to', bucket, '--dry-run'],
    issuerDocuments: 'absent',
    kind: 'IssuerPublishResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer publish has no target': { words: () => ['issuer', 'publish'], kind: 'Error', exitCode: 2 },
  'issuer revoke revokes a key': {
    words: (sandbox) => ['issuer', 'revoke', '--to', bucket, '--key-state', 'team-a/keys', '--yes', '--', kid(sandbox)],
    before: async ({ cluster }) => cluster.keys.add(),
    kind: 'IssuerRevokeResult',
    exitCode: 0,
    result: 'ok',
  },
  'issuer revoke would not revoke the key in use': {
    words: (sandbox) => ['issuer', 'revoke', '--to', bucket, '--', kid(sandbox)],
    kind: 'Error',
    exitCode: 1,
  },
  'issuer watch has no target': { words: () => ['issuer', 'watch'], kind: 'Error', exitCode: 2 },
  'issuer serve has no address': { words: () => ['issuer', 'serve', '--listen', 'x'], kind: 'Error', exitCode: 2 },
  'trust plan finds nothing missing': {
    words: (_, file) => ['trust', 'plan', '-f', file],
    before: applied,
    trust: 'absent',
    kind: 'TrustPlanResult',
    exitCode: 0,
    result: 'ok',
  },
  'trust plan may not read': {
    words: (_, file) => ['trust', 'plan', '-f', file],
    before: ({ gcp }) => gcp.operators.withhold('iam.workloadIdentityPools.get'),
    trust: 'absent',
    kind: 'TrustPlanResult',
    exitCode: 1,
    result: 'failed',
  },
  'trust plan has no document': { words: () => ['trust', 'plan', ...missing()], kind: 'Error', exitCode: 2 },
  'trust apply creates': {
    words: (_, file) => ['trust', 'apply', '-f', file, '--yes'],
    trust: 'absent',
    kind: 'TrustApplyResult',
    exitCode: 0,
    result: 'ok',
  },
  'trust apply may not create': {
    words: (_, file) => ['trust', 'apply', '-f', file, '--yes'],
    before: ({ gcp }) => gcp.operators.withhold('iam.workloadIdentityPools.create'),
    trust: 'absent',
    kind: 'TrustApplyResult',
    exitCode: 1,
    result: 'failed',
  },
  'trust apply has no terminal': { words: (_, file) => ['trust', 'apply', '-f', file], kind: 'Error', exitCode: 2 },
  'trust destroy deletes': {
    words: (_, file) => ['trust', 'destroy', '-f', file, '--yes'],
    before: applied,
    trust: 'absent',
    kind: 'TrustDestroyResult',
    exitCode: 0,
    result: 'ok',
  },
  'trust destroy would delete': {
    words: (_, file) => ['trust', 'destroy', '-f', file, '--dry-run'],
    before: applied,
    trust: 'absent',
    kind: 'TrustDestroyResult',
    exitCode: 0,
    result: 'ok',
  },
  'trust destroy may not delete': {
    words: (_, file) => ['trust', 'destroy', '-f', file, '--yes'],
    before: async (sandbox, file) => {
      await applied(sandbox, file)
      sandbox.gcp.operators.withhold('iam.workloadIdentityPools.delete')
    },
    trust: 'absent',
    kind: 'TrustDestroyResult',
    exitCode: 1,
    result: 'failed',
  },
  'trust destroy has no document': { words: () => ['trust', 'destroy', ...missing()], kind: 'Error', exitCode: 2 },
  'uninstall would delete': {
    words: (_, file) => ['uninstall', '-f', file, '--dry-run', '--keep-trust', '--delete-pull-secrets'],
    before: refreshed,
    kind: 'UninstallResult',
    exitCode: 0,
    result: 'ok',
  },
  'uninstall may not delete': {
    words: (_, file) => ['uninstall', '-f', file, '--yes', '--keep-trust', '--delete-pull-secrets'],
    before: async (sandbox, file) => {
      await refreshed(sandbox, file)
      sandbox.cluster.authorization.forbid({ verbs: ['delete'], resources: ['secrets'] })
    },
    kind: 'UninstallResult',
    exitCode: 1,
    result: 'failed',
  },
  'uninstall has no document': { words: () => ['uninstall', '--yes', ...missing()], kind: 'Error', exitCode: 2 },
  'manifests has no image': { words: (_, file) => ['manifests', '-f', file], kind: 'Error', exitCode: 2 },
  'init has no source': { words: () => ['init'], kind: 'Error', exitCode: 2 },
  'version shows the version': { words: () => ['version'], kind: 'Version', exitCode: 0 },
}
