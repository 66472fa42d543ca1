/** Outsides of a run at a sandbox: the operator's, and that of a pod that holds no role at Google beyond its federation. */
import { type FakeContext, fakeContext } from '../../../support/fake-context.ts'
import type { TestSandbox } from '../../../support/start-test-sandbox.ts'

export const asOperator = (
  { authority, environment }: TestSandbox,
  more: Readonly<Record<string, string | undefined>> = {},
): FakeContext => fakeContext({ ca: authority.ca, environment: { ...environment, ...more } })

/** https://google.aip.dev/auth/4117 */
export async function asPod(sandbox: TestSandbox): Promise<FakeContext> {
  const description = {
    type: 'external_account',
    audience: `//iam.googleapis.com/${sandbox.gcp.provider}`,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${sandbox.gcp.parts.sts.url}/v1/token`,
    credential_source: { file: sandbox.folder.tokenFile },
  }
  const file = await sandbox.write('pod.json', JSON.stringify(description))
  return asOperator(sandbox, { GOOGLE_APPLICATION_CREDENTIALS: file })
}
