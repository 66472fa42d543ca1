/** Errors of trust commands: permissions, existing resources, and results of operations. */
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import type { ErrorCases } from './error-case.ts'

/** With the drop-in variables, which contain neither repository nor ServiceAccount. */
function trust(
  sandbox: TestSandbox,
  words: readonly string[],
  environment: PullpassOptions['environment'] = {},
): Promise<PullpassRun> {
  const named = ['--repository', sandbox.gcp.repository, '--subject', 'image-system/pullpass']
  return runPullpass(sandbox, ['trust', ...words, ...named], { environment })
}

/** Without the lines about planned changes, and about the wait for the verification. */
async function apply(sandbox: TestSandbox, environment: PullpassOptions['environment'] = {}): Promise<PullpassRun> {
  const run = await trust(sandbox, ['apply', '--yes'], environment)
  return {
    ...run,
    stderr: run.stderr.replaceAll(/^(?:create|grant|\S+ warn a registry is not accessible yet,) .*\n/gm, ''),
  }
}

const refusal = (code: number, status: string, message: string): { kind: 'response'; response: SandboxResponse } => ({
  kind: 'response',
  response: { status: code, body: { error: { code, message, status } } },
})

const account = 'puller@example-project.iam.gserviceaccount.com'
const accountPolicy = `projects/-/serviceAccounts/${account}`

/** Creates a pool whose operation ends in this way. */
async function applyWithEnd(sandbox: TestSandbox, end: 'fails' | 'never-ends'): Promise<PullpassRun> {
  sandbox.gcp.adjust({ operationEnd: () => end })
  const run = await apply(sandbox, { POOL_ID: 'images' })
  return { ...run, stderr: run.stderr.replaceAll(/operations\/b[0-9a-f]{30,31}/g, 'operations/b4f0c1d2e3') }
}

export const trustCases: ErrorCases = {
  TRUST_CREDENTIALS_MISSING: (sandbox) =>
    trust(sandbox, ['plan'], {
      GOOGLE_APPLICATION_CREDENTIALS: undefined,
      HOME: '/home/operator',
      METADATA_SERVER_DETECTION: 'none',
    }),

  TRUST_DENIED: (sandbox) => {
    sandbox.gcp.operators.withhold('iam.workloadIdentityPools.get')
    return trust(sandbox, ['plan'])
  },

  TRUST_NOT_FOUND: (sandbox) => {
    sandbox.gcp.parts.iam.faults.inject(refusal(404, 'NOT_FOUND', 'Requested entity was not found.'), {
      when: ({ method, path }) => method === 'POST' && path.endsWith('/providers'),
    })
    return apply(sandbox, { PROVIDER_ID: 'other' })
  },

  TRUST_REFUSED: (sandbox) => {
    sandbox.gcp.identity.putProvider({ name: sandbox.gcp.provider, issuerUri: 'https://other.example.com' })
    return trust(sandbox, ['plan', '--issuer', 'https://cluster.example.com'])
  },

  TRUST_DOMAIN_SHARED: (sandbox) => {
    const name = sandbox.gcp.provider.replace(/cluster$/, 'dev-1')
    sandbox.gcp.identity.putProvider({ name, issuerUri: 'https://dev-1.example.com' })
    return trust(sandbox, ['plan'])
  },

  TRUST_CONFLICT: (sandbox) => {
    sandbox.gcp.accounts.denyTokens(account, sandbox.gcp.principal)
    const message =
      'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.'
    sandbox.gcp.parts.iam.faults.inject(refusal(409, 'ABORTED', message), {
      when: ({ path }) => path.endsWith(':setIamPolicy'),
    })
    return apply(sandbox)
  },

  TRUST_POLICY_FULL: (sandbox) => {
    const members = Array.from({ length: 1500 }, (_, index) => `user:puller-${index}@example.com`)
    sandbox.gcp.policies.write(accountPolicy, [{ role: 'roles/iam.serviceAccountUser', members }])
    return trust(sandbox, ['plan'])
  },

  TRUST_OPERATION_FAILED: (sandbox) => applyWithEnd(sandbox, 'fails'),

  TRUST_OPERATION_UNFINISHED: (sandbox) => applyWithEnd(sandbox, 'never-ends'),

  TRUST_UNAVAILABLE: (sandbox) => {
    sandbox.gcp.parts.iam.faults.inject(refusal(503, 'UNAVAILABLE', 'The service is currently unavailable.'))
    return trust(sandbox, ['plan'])
  },

  TRUST_UNVERIFIED: (sandbox) => {
    const message =
      'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource (or it may not exist)'
    const body = { errors: [{ code: 'DENIED', message }] }
    sandbox.parts.registry.faults.inject(
      { kind: 'response', response: { status: 403, body } },
      { when: ({ path }) => path === '/v2/token' },
    )
    return apply(sandbox)
  },
}
