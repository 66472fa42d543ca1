/** A registry at Azure as a user writes it, and its exchange at a sandbox; what was sent is kept. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { AzureSandbox } from '../../../sandbox/azure/vendor.ts'
import type { SandboxOptions } from '../../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { RegistryCredential } from '../../../src/credential/registry-credential.ts'
import type { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { HttpRequest } from '../../../src/http/transport.ts'
import { decodeSubjectToken, type SubjectToken } from '../../../src/identity/subject-token.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { type FakeContext, fakeContext } from '../../support/fake-context.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { exchangeFor, faultOf } from '../exchange-registry.ts'

export const subject = 'system:serviceaccount:image-system:pullpass'
export const tenantId = '11111111-2222-4333-8444-555555555555'
export const clientId = '66666666-7777-4888-9999-aaaaaaaaaaaa'
export const audience = 'api://AzureADTokenExchange'

/** Fields of a registry, in YAML. `more`: further fields of `azure`. */
export const registryText = (more = '', hosts = 'example.azurecr.io'): string =>
  `hosts: [${hosts}], azure: {tenantId: ${tenantId}, clientId: ${clientId}${more && `, ${more}`}}`

export interface AzureTest {
  readonly sandbox: TestSandbox
  readonly azure: AzureSandbox
}

export async function startAzure(t: TestContext, options?: SandboxOptions): Promise<AzureTest> {
  const sandbox = await startTestSandbox(t, options)
  return { sandbox, azure: await sandbox.start(sandboxVendors.azure) }
}

export interface ExchangeOptions {
  /** Fields of the registry, in YAML. */
  readonly registry?: string
  readonly subjectToken?: SubjectToken
  /** The clock of this machine; absent: that of the sandbox. */
  readonly at?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A token of the ServiceAccount, for an hour. */
export async function signToken(
  { cluster }: Pick<TestSandbox, 'cluster'>,
  claims: { readonly audiences?: readonly string[]; readonly lifeSeconds?: number; readonly name?: string } = {},
): Promise<SubjectToken> {
  const standard = { namespace: 'image-system', name: 'pullpass', audiences: [audience], lifeSeconds: 3600 }
  return decodeSubjectToken(
    new Redacted(await cluster.signServiceAccountToken({ ...standard, ...claims })),
    'the token',
  )
}

export interface Exchanged {
  readonly credential: RegistryCredential
  readonly sent: readonly HttpRequest[]
  readonly context: FakeContext
}

export async function exchangeAt({ sandbox, azure }: AzureTest, options: ExchangeOptions = {}): Promise<Exchanged> {
  const { at = sandbox.clock.now().toISOString(), environment = azure.environment } = options
  const context = fakeContext({ environment, ca: sandbox.authority.ca, at })
  const sent: HttpRequest[] = []
  const transport: FakeContext['transport'] = async (request) => {
    sent.push(request)
    return await context.transport(request)
  }
  const subjectToken = options.subjectToken ?? (await signToken(sandbox))
  const credential = await exchangeFor(options.registry ?? registryText(), subjectToken, { ...context, transport })
  return { credential, sent, context }
}

export const refusalAt = async (test: AzureTest, options: ExchangeOptions = {}): Promise<PullpassError> =>
  await faultOf(exchangeAt(test, options))

export function claimsOf(token: Redacted): Readonly<Record<string, unknown>> {
  const [, payload = ''] = token.reveal().split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) ?? assert.fail('no claims')
}
