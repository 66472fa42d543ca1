/** Runs of `pullpass trust` on a document with tencent, and the state of CAM. */
import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { TencentSandbox } from '../../../sandbox/tencent/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

export const role = 'qcs::cam::uin/100000000001:roleName/puller'
export const provider = 'qcs::cam::uin/100000000001:oidc-provider/cluster'
export const subject = 'system:serviceaccount:image-system:pullpass'
export const audience = 'sts.tencentcloudapi.com'

export interface TrustDocument {
  /** Absent: the images of the sandbox. */
  readonly repositories?: readonly string[]
  readonly providerId?: string
  readonly roleArn?: string
  /** Fields of the registry. */
  readonly registry?: string
  readonly name?: string
  readonly account?: string
}

export interface TrustTest {
  readonly sandbox: TestSandbox
  readonly cloud: TencentSandbox
  /** The mark of the cluster. */
  readonly mark: string
  /** `words`: after `trust`. */
  readonly trust: (
    words: readonly string[],
    document?: TrustDocument,
    options?: PullpassOptions,
  ) => Promise<PullpassRun>
  readonly file: (document?: TrustDocument) => Promise<string>
}

export function documentAt(
  cloud: Pick<TencentSandbox, 'parts'>,
  port: number,
  {
    repositories = ['example-project/images/*'],
    providerId = 'cluster',
    roleArn = role,
    registry = '',
    name = 'pull',
    account = 'pullpass',
  }: TrustDocument = {},
): string {
  const { tokens } = cloud.parts
  return `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ${name}}
spec:
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: ${account}}
  registries:
    - name: tcr
      hosts: ["localhost:${port}"]
      ${registry}
      tencent:
        roleArn: ${roleArn}
        providerId: ${providerId}
        region: eu-frankfurt
        registryId: tcr-example
        endpoints: {sts: "${tokens.url}", tcr: "${tokens.url}"}
        trust: {repositories: ${JSON.stringify(repositories)}}
`
}

/** Nothing of the issuer is public. */
export async function startTrustTest(t: TestContext): Promise<TrustTest> {
  const sandbox = await startTestSandbox(t, {
    trust: 'absent',
    issuerDocuments: 'absent',
    namespaces: ['team-a'],
  })
  const cloud = await sandbox.start(sandboxVendors.tencent)
  const file: TrustTest['file'] = async (document = {}) =>
    await sandbox.write(`${document.name ?? 'pull'}.yaml`, documentAt(cloud, sandbox.parts.registry.port, document))
  return {
    sandbox,
    cloud,
    mark: markOf(sandbox.cluster.issuer),
    file,
    trust: async (words, document, options) =>
      await runPullpass(sandbox, ['trust', ...words, '-f', await file(document)], options),
  }
}

export const markOf = (issuer: string): string => createHash('sha256').update(issuer).digest('hex').slice(0, 12)

/** A statement of a trust policy as pullpass writes it. */
export const statementFor = (
  issuer: string,
  changes: { subject?: string; audience?: string; provider?: string } = {},
): object => ({
  effect: 'allow',
  action: ['name/sts:AssumeRoleWithWebIdentity'],
  principal: { federated: [changes.provider ?? provider] },
  condition: {
    string_equal: {
      'oidc:iss': [issuer],
      'oidc:aud': [changes.audience ?? audience],
      'oidc:sub': [changes.subject ?? subject],
    },
  },
})

/** The statements of the role's trust policy. */
export function trustOf({ account }: TencentSandbox, name = 'puller'): readonly object[] {
  return JSON.parse(account.roles.get(name)?.document ?? '{"statement":[]}').statement
}

export function putRole({ account }: TencentSandbox, statements: readonly object[], description = ''): void {
  const document = JSON.stringify({ version: '2.0', statement: statements })
  account.roles.set('puller', { id: '4611686018427733635', name: 'puller', description, document })
}
