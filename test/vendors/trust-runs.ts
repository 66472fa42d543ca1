/** Runs of `pullpass trust` on documents of one vendor. */
import { type PullpassOptions, type PullpassRun, runPullpass } from '../support/run-pullpass.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'

export const subject = 'system:serviceaccount:image-system:pullpass'
export const apply: readonly string[] = ['trust', 'apply', '--yes']

/** `registries`: items of the list in YAML, indented by four, each after a line break. */
export const trustDocument = (
  registries: string,
  { name = 'pull', account = 'pullpass' }: { readonly name?: string; readonly account?: string } = {},
): string =>
  `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ${name}}
spec:
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: ${account}}
  registries:${registries}
`

export interface TrustRuns {
  readonly sandbox: TestSandbox
  readonly run: (argv: readonly string[], options?: PullpassOptions) => Promise<PullpassRun>
  /** Data of the ConfigMap with the record. */
  readonly recorded: () => string[]
}

export async function trustRuns(sandbox: TestSandbox, documents: readonly string[]): Promise<TrustRuns> {
  const file = await sandbox.write('pull.yaml', documents.join('---\n'))
  const record = () => sandbox.cluster.store.read('ConfigMap', 'image-system', 'pullpass-trust')
  return {
    sandbox,
    run: (argv, options) => runPullpass(sandbox, [...argv, '-f', file], options),
    recorded: () => Object.values(Object(record()?.['data'])),
  }
}
