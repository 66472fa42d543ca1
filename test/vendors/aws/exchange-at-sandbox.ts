/** An exchange at the sandbox's AWS; what was sent is kept. */
import type { TestContext } from 'node:test'
import type { AwsSandbox } from '../../../sandbox/aws/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { RegistryCredential } from '../../../src/credential/registry-credential.ts'
import type { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { HttpRequest } from '../../../src/http/transport.ts'
import type { SubjectToken } from '../../../src/identity/subject-token.ts'
import { readTokenFile } from '../../../src/identity/token-file.ts'
import { type FakeContext, fakeContext } from '../../support/fake-context.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { exchangeFor, faultOf } from '../exchange-registry.ts'

export const host = '123456789012.dkr.ecr.eu-west-1.amazonaws.com'
export const role = 'arn:aws:iam::123456789012:role/puller'
export const audience = 'sts.amazonaws.com'

export interface ExchangeRequest {
  /** Further fields of `aws`, in YAML. */
  readonly aws?: string
  /** The whole registry, in YAML. */
  readonly registry?: string
  readonly subjectToken?: SubjectToken
  /** This machine's clock; absent: the sandbox's. */
  readonly at?: string
}

export interface AwsTest {
  readonly sandbox: TestSandbox
  readonly cloud: AwsSandbox
  readonly exchange: (request?: ExchangeRequest) => Promise<{
    readonly credential: RegistryCredential
    readonly sent: readonly HttpRequest[]
    readonly context: FakeContext
  }>
  readonly refusal: (request?: ExchangeRequest) => Promise<PullpassError>
  readonly token: (options?: Parameters<TestSandbox['writeToken']>[0]) => Promise<SubjectToken>
}

export async function startAwsTest(t: TestContext): Promise<AwsTest> {
  const sandbox = await startTestSandbox(t)
  const cloud = await sandbox.start(sandboxVendors.aws)
  const token: AwsTest['token'] = async (options) => {
    await sandbox.writeToken({ audiences: [audience], ...options })
    return await readTokenFile(sandbox.folder.tokenFile)
  }
  const exchange: AwsTest['exchange'] = async (request = {}) => {
    const { aws = '', at = sandbox.clock.now().toISOString() } = request
    const { registry = `hosts: [${host}], aws: {roleArn: "${role}", region: eu-west-1${aws && `, ${aws}`}}` } = request
    const context = fakeContext({ environment: sandbox.environment, ca: sandbox.authority.ca, at })
    const sent: HttpRequest[] = []
    const transport = async (sending: HttpRequest) => {
      sent.push(sending)
      return await context.transport(sending)
    }
    const subjectToken = request.subjectToken ?? (await token())
    const credential = await exchangeFor(registry, subjectToken, { ...context, transport })
    return { credential, sent, context }
  }
  return { sandbox, cloud, exchange, refusal: (request) => faultOf(exchange(request)), token }
}
