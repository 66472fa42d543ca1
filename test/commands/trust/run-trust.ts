/** Runs of `pullpass trust` on a document, and the state at Google. */
import type { Binding } from '../../../sandbox/gcp/iam/iam-policies.ts'
import type { IdentityResource } from '../../../sandbox/gcp/iam/workload-identity.ts'
import type { NamespacedName } from '../../../src/document/document.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

export const account = 'puller@example-project.iam.gserviceaccount.com'
export const accountPolicy: string = `projects/-/serviceAccounts/${account}`
export const pool = 'projects/123456789012/locations/global/workloadIdentityPools/pool'
export const provider: string = `${pool}/providers/cluster`

export interface TrustDocument {
  /** Additional fields of `gcp.trust`, as YAML in one line each. */
  readonly trust?: readonly string[]
  readonly impersonation?: 'by account' | 'direct'
  /** The account whose token is exchanged; `file`: a token file. */
  readonly subject?: NamespacedName | 'file'
  readonly registry?: readonly string[]
  /** Additional fields of `spec`. */
  readonly spec?: readonly string[]
}

export function trustDocument(sandbox: TestSandbox, document: TrustDocument = {}): string {
  const { trust = [], impersonation = 'by account', registry = [], spec = [] } = document
  const { subject = { namespace: 'image-system', name: 'pullpass' } } = document
  return [
    'apiVersion: pullpass.dev/v1alpha1',
    'kind: ClusterPullSecret',
    'metadata: {name: pull}',
    'spec:',
    '  secretName: regcred',
    '  namespaces: {include: [team-a]}',
    ...(subject === 'file' ? [] : [`  serviceAccountRef: {namespace: ${subject.namespace}, name: ${subject.name}}`]),
    ...spec.map((line) => `  ${line}`),
    '  registries:',
    '    - name: google',
    `      hosts: ["localhost:${sandbox.parts.registry.port}"]`,
    ...registry.map((line) => `      ${line}`),
    '      gcp:',
    `        workloadIdentityProvider: ${sandbox.gcp.provider}`,
    ...(impersonation === 'direct' ? [] : [`        serviceAccountEmail: ${account}`]),
    '        trust:',
    `          repository: ${sandbox.gcp.repository}`,
    ...trust.map((line) => `          ${line}`),
    '',
  ].join('\n')
}

/** `words`: after `trust`; the document is the last argument. */
export async function runTrust(
  sandbox: TestSandbox,
  words: readonly string[],
  document: TrustDocument = {},
  options: PullpassOptions = {},
): Promise<PullpassRun> {
  const file = await sandbox.write('trust.yaml', trustDocument(sandbox, document))
  return await runPullpass(sandbox, ['trust', ...words, '-f', file], options)
}

/** The first column of the table of resources: for each its result. */
export const resultsOf = ({ stdout }: PullpassRun): string[] =>
  /^RESULT .*\n(?:.+\n)*/m
    .exec(stdout)?.[0]
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(' ', 1)[0] ?? '') ?? []

export interface Held {
  readonly pool: IdentityResource | undefined
  readonly provider: IdentityResource | undefined
  readonly account: string | undefined
  readonly accountPolicy: readonly Binding[]
  readonly repositoryPolicy: readonly Binding[]
  /** Data of the ConfigMap. */
  readonly record: unknown
}

/** All resources and grants of trust. */
export function heldBy({ gcp, cluster, gcp: { repository } }: TestSandbox): Held {
  const bindings = (resource: string) => gcp.policies.read(resource).bindings
  const record = cluster.store.read('ConfigMap', 'image-system', 'pullpass-trust')
  return {
    pool: gcp.identity.read(pool),
    provider: gcp.identity.read(provider),
    account: gcp.accounts.find(account)?.description,
    accountPolicy: bindings(accountPolicy),
    repositoryPolicy: bindings(repository),
    record: record?.['data'],
  }
}
