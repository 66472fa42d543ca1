/** Runs of `pullpass issuer publish` to the sandbox's bucket, and the objects in it. */
import { type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

export const bucket = 'example-cluster'
export const documents = ['.well-known/openid-configuration', 'openid/v1/jwks'] as const
export const account: readonly string[] = ['--service-account', 'image-system/pullpass']

export const publish = (sandbox: TestSandbox, ...words: string[]): Promise<PullpassRun> =>
  runPullpass(sandbox, ['issuer', 'publish', '--to', `gs://${bucket}`, ...account, ...words])

export const objectText = (sandbox: TestSandbox, name: (typeof documents)[number]): string | undefined =>
  sandbox.gcp.store.find(bucket, name)?.bytes.toString()

export function kidsOf(jwks: string | undefined): string[] {
  const { keys }: { keys: { kid: string }[] } = JSON.parse(jwks ?? '{"keys":[]}')
  return keys.map(({ kid }) => kid)
}
