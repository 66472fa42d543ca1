/** Runs of `pullpass trust` on a document with aws, and the state of IAM. */
import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { AwsSandbox } from '../../../sandbox/aws/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { trustDocument } from '../trust-runs.ts'
import { role } from './exchange-at-sandbox.ts'

export const images = 'arn:aws:ecr:eu-west-1:123456789012:repository/example-project/images/*'

export interface TrustTest {
  readonly sandbox: TestSandbox
  readonly cloud: AwsSandbox
  /** ARN of the OIDC provider of the cluster. */
  readonly provider: string
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

export interface TrustDocument {
  /** Absent: that of the sandbox. */
  readonly roleArn?: string
  /** Fields of `aws` in addition to role, region and trust. */
  readonly aws?: string
  /** Fields of `aws.trust`; absent: the images of the sandbox. */
  readonly trust?: string
  /** Fields of the registry. */
  readonly registry?: string
  readonly name?: string
  readonly account?: string
}

export async function startTrustTest(
  t: TestContext,
  options: Parameters<typeof startTestSandbox>[1] = {},
): Promise<TrustTest> {
  const sandbox = await startTestSandbox(t, { trust: 'absent', ...options })
  const cloud = await sandbox.start(sandboxVendors.aws)
  const url = sandbox.cluster.issuer.replace('https://', '')
  const file: TrustTest['file'] = async (document = {}) => {
    const {
      aws = '',
      trust = `repositories: ["${images}"]`,
      registry = '',
      roleArn = role,
      name = 'pull',
      account = 'pullpass',
    } = document
    const registries = `
    - name: ecr
      hosts: ["localhost:${sandbox.parts.registry.port}"]
      ${registry}
      aws: {roleArn: "${roleArn}", region: eu-west-1${trust && `, trust: {${trust}}`}${aws && `, ${aws}`}}`
    return await sandbox.write(`${name}.yaml`, trustDocument(registries, { name, account }))
  }
  return {
    sandbox,
    cloud,
    provider: `arn:aws:iam::123456789012:oidc-provider/${url}`,
    mark: createHash('sha256').update(sandbox.cluster.issuer).digest('hex').slice(0, 12),
    file,
    trust: async (words, document, runOptions) =>
      await runPullpass(sandbox, ['trust', ...words, '-f', await file(document)], runOptions),
  }
}
