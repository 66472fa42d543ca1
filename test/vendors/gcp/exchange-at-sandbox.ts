/** An exchange by a registry that a user wrote, at a sandbox's Google; requests are kept for assertions. */
import assert from 'node:assert/strict'
import type { RegistryCredential } from '../../../src/credential/registry-credential.ts'
import type { DocumentRegistry } from '../../../src/document/document.ts'
import { loadDocuments } from '../../../src/document/load-documents.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { HttpRequest } from '../../../src/http/transport.ts'
import type { SubjectToken } from '../../../src/identity/subject-token.ts'
import { readTokenFile } from '../../../src/identity/token-file.ts'
import type { GcpSettings } from '../../../src/vendors/gcp/settings.ts'
import { bindExchange } from '../../../src/vendors/vendor.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { fakeContext } from '../../support/fake-context.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

export interface ExchangeOptions {
  /** Fields of `gcp`, as YAML in one line each. */
  readonly gcp?: readonly string[]
  /** More fields of the registry. */
  readonly registry?: readonly string[]
  readonly subjectToken?: SubjectToken
  /** This machine's clock; absent: the sandbox's. */
  readonly at?: string
}

export interface Exchanged {
  readonly sent: readonly HttpRequest[]
  readonly credential: RegistryCredential
}

export const account = 'puller@example-project.iam.gserviceaccount.com'

/** The registry named `google` of a document with these fields. */
export async function registryOf({
  gcp = [],
  registry = [],
}: Pick<ExchangeOptions, 'gcp' | 'registry'>): Promise<DocumentRegistry & { readonly settings: GcpSettings }> {
  const text = [
    'apiVersion: pullpass.dev/v1alpha1',
    'kind: ClusterPullSecret',
    'metadata: {name: pull}',
    'spec:',
    '  namespaces: {include: [team-a]}',
    '  registries:',
    '    - name: google',
    '      hosts: [europe-docker.pkg.dev]',
    ...registry.map((line) => `      ${line}`),
    '      gcp:',
    ...gcp.map((line) => `        ${line}`),
  ].join('\n')
  const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => text, vendors })
  const found = document?.registries[0] ?? assert.fail('the document has no registry')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its vendor is gcp
  return found as typeof found & { readonly settings: GcpSettings }
}

export async function exchange(sandbox: TestSandbox, options: ExchangeOptions = {}): Promise<Exchanged> {
  const { gcp = [`workloadIdentityProvider: ${sandbox.gcp.provider}`, `serviceAccountEmail: ${account}`] } = options
  const { at = sandbox.clock.now().toISOString() } = options
  const context = fakeContext({ environment: sandbox.environment, ca: sandbox.authority.ca, at })
  const sent: HttpRequest[] = []
  const transport = async (request: HttpRequest) => {
    sent.push(request)
    return await context.transport(request)
  }
  const { exchange: run } = await bindExchange(await registryOf({ ...options, gcp }), vendors)
  const subjectToken = options.subjectToken ?? (await readTokenFile(sandbox.folder.tokenFile))
  return { sent, credential: await run(subjectToken, { ...context, transport }) }
}

export async function refusal(sandbox: TestSandbox, options: ExchangeOptions = {}): Promise<PullpassError> {
  return await exchange(sandbox, options).then(
    () => assert.fail('the exchange succeeded'),
    (error: unknown) => (error instanceof PullpassError ? error : assert.fail(String(error))),
  )
}
