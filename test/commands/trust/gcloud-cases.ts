/** Cases of `plan -o gcloud`, tested with the simulated gcloud in npm test and with the real one in e2e/clients/gcloud.test.ts. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { SandboxOptions } from '../../../sandbox/start-sandbox.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { account, heldBy, pool, provider, resultsOf, runTrust, type TrustDocument } from './run-trust.ts'

const condition = `attributeCondition: "assertion.sub.startsWith('system:serviceaccount:image-system:')"`

export interface GcloudCase {
  readonly document?: TrustDocument
  /** Runs before the plan. */
  readonly before?: (sandbox: TestSandbox) => Promise<void> | void
}

export const gcloudCases: Readonly<Record<string, GcloudCase>> = {
  'where nothing exists': { document: { trust: [condition] } },
  'with keys to upload and an audience': {
    document: { trust: ['uploadKeys: Always'], registry: ['audience: "images,and,more"'] },
  },
  'in direct federation': { document: { impersonation: 'direct' } },
  'where everything was deleted': {
    async before(sandbox) {
      await runTrust(sandbox, ['apply', '--yes'])
      await runTrust(sandbox, ['destroy', '--yes'])
    },
  },
  'where only the service account was deleted': {
    async before(sandbox) {
      await runTrust(sandbox, ['apply', '--yes'])
      sandbox.gcp.accounts.remove(account)
    },
  },
  'where a provider lacks something': {
    document: { trust: [condition], registry: ['audience: images'] },
    async before(sandbox) {
      await runTrust(sandbox, ['apply', '--yes'])
      sandbox.gcp.identity.putProvider({ name: provider, issuerUri: sandbox.cluster.issuer }) // without a condition
    },
  },
}

/** A sandbox in the state of a case. */
export async function startCase(
  t: TestContext,
  { before }: GcloudCase,
  options: SandboxOptions = {},
): Promise<TestSandbox> {
  const sandbox = await startTestSandbox(t, { trust: 'absent', ...options })
  await before?.(sandbox)
  return sandbox
}

/** After the script ran in `sandbox`: nothing is left to do there, and all is as `trust apply` creates it in `other`. */
export async function assertAsApplied(
  sandbox: TestSandbox,
  other: TestSandbox,
  { document }: Pick<GcloudCase, 'document'>,
): Promise<void> {
  const left = await runTrust(sandbox, ['plan'], document)
  const applied = await runTrust(other, ['apply', '--yes'], document)

  assert.ok(
    resultsOf(left).every((result) => result === 'unchanged'),
    left.stdout,
  )
  assert.equal(applied.exitCode, 0, applied.stderr)
  assert.deepEqual(stateOf(sandbox), stateOf(other))
}

/** The state at Google, without what differs between two sandboxes: the record, the issuer's port and mark, the keys. */
function stateOf(sandbox: TestSandbox): unknown {
  const { record: _, ...held } = heldBy(sandbox)
  const text = JSON.stringify(held)
    .replaceAll(sandbox.cluster.issuer, 'ISSUER')
    .replaceAll(/pullpass:[0-9a-f]{12}/g, 'MARK')
    .replaceAll(/\\"(?:kid|n)\\":\\"[^"\\]+\\"/g, '')
    .replaceAll('\\n"', '"') // at the end of an uploaded file
  return JSON.parse(text)
}

const create = ['iam', 'workload-identity-pools', 'create']
const providers = ['iam', 'workload-identity-pools', 'providers']
const binding = ['--role=roles/iam.workloadIdentityUser', '--member=user:operator@example.com']

/** Commands that gcloud refuses before it sends a request, each with a part of its reason. */
export const refusedByGcloud: Readonly<Record<string, readonly [words: readonly string[], reason: RegExp]>> = {
  'a project number as --project': [
    [...create, 'pool', '--project=123456789012', '--location=global'],
    /flag was set to Project number/,
  ],
  'a project number with a full resource name': [
    [...create, pool, '--project=123456789012'],
    /flag was set to Project number/,
  ],
  'a project number for Artifact Registry': [
    ['artifacts', 'repositories', 'add-iam-policy-binding', 'images', '--project=123456789012', ...binding],
    /flag was set to Project number/,
  ],
  'a pool without its location': [[...create, 'pool', '--project=example-project'], /attribute \[location\]/],
  'a provider without its pool': [
    [...providers, 'describe', 'cluster', '--project=example-project', '--location=global'],
    /attribute \[workload-identity-pool\]/,
  ],
  'a service account without its project': [
    ['iam', 'service-accounts', 'add-iam-policy-binding', account, ...binding, '--condition=None'],
    /attribute \[project\]/,
  ],
  'a flag that no command has': [[...create, pool, '--no-such-flag=x'], /--no-such-flag/],
  'a flag of another command': [[...create, pool, '--issuer-uri=https://x.example'], /--issuer-uri/],
  'a provider without a mapping': [
    [...providers, 'create-oidc', `${pool}/providers/cluster`, '--issuer-uri=https://x.example'],
    /--attribute-mapping/,
  ],
}
