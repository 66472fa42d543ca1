/** Findings whose every text that others choose holds what a shell or HCL would see something in. */
import type { GcpFinding } from '../../../../src/vendors/gcp/trust/finding.ts'

export const pool = 'projects/123456789012/locations/global/workloadIdentityPools/pool'
export const provider: string = `${pool}/providers/cluster`
export const nasty: string = `'"$(touch /tmp/x)\`id\`\${a}%{b}\\ ; & | < > # ! * ~`
const email = 'puller@example-project.iam.gserviceaccount.com'
const principal = `principal://iam.googleapis.com/${pool}/subject/system:serviceaccount:image-system:pullpass`
const jwks = '{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"it\'s $HOME","n":"AQAB","e":"AQAB"}]}'

const fields = {
  issuer: `https://oidc.example.com/${nasty.replaceAll(/[ #]/g, '')}`,
  audiences: [`a,${nasty}`, 'b'],
  mapping: { 'google.subject': 'assertion.sub' },
  condition: `assertion.sub == "${nasty}"`,
  jwks,
}
const newPool = { kind: 'pool', name: pool, description: `pullpass:0123456789ab ${nasty}` } as const
const newProvider = { kind: 'provider', name: provider, description: nasty, ...fields } as const
const newAccount = { kind: 'account', email, description: nasty } as const
const acting = {
  on: { kind: 'serviceAccount', email },
  role: 'roles/iam.workloadIdentityUser',
  member: principal,
  providers: [provider],
} as const
const reading = {
  on: { kind: 'repository', name: 'projects/example-project/locations/europe/repositories/images' },
  role: 'roles/artifactregistry.reader',
  member: `serviceAccount:${email}`,
  providers: [provider],
} as const

export const findings: readonly GcpFinding[] = [
  {
    after: newPool,
    presence: 'absent',
    verdict: 'create',
    changes: [{ kind: 'create', resource: newPool }],
    notes: [],
  },
  {
    after: newProvider,
    presence: 'absent',
    verdict: 'create',
    changes: [{ kind: 'create', resource: newProvider }],
    notes: [],
  },
  {
    after: newAccount,
    presence: 'absent',
    verdict: 'create',
    changes: [{ kind: 'create', resource: newAccount }],
    notes: [],
  },
  {
    after: { kind: 'grant', grant: acting },
    presence: 'absent',
    verdict: 'grant',
    changes: [{ kind: 'grant', grant: acting }],
    notes: [],
  },
  {
    after: { kind: 'grant', grant: reading },
    presence: 'absent',
    verdict: 'grant',
    changes: [{ kind: 'grant', grant: reading }],
    notes: [],
  },
]

/** What gcloud is to be called with for these. */
export const argv: readonly (readonly string[])[] = [
  ['iam', 'workload-identity-pools', 'create', pool, `--description=pullpass:0123456789ab ${nasty}`],
  ['iam', 'workload-identity-pools', 'describe', pool, '--format=value(state)'],
  [
    'iam',
    'workload-identity-pools',
    'providers',
    'create-oidc',
    provider,
    `--description=${nasty}`,
    `--issuer-uri=${fields.issuer}`,
    '--attribute-mapping=google.subject=assertion.sub',
    `--allowed-audiences=^\u0001^a,${nasty}\u0001b`,
    `--attribute-condition=${fields.condition}`,
    '--jwk-json-path=/dev/stdin',
    `STDIN ${jwks}`,
  ],
  ['iam', 'workload-identity-pools', 'providers', 'describe', provider, '--format=value(state)'],
  [
    'iam',
    'service-accounts',
    'create',
    'puller',
    '--project=example-project',
    '--display-name=pullpass',
    `--description=${nasty}`,
  ],
  [
    'iam',
    'service-accounts',
    'add-iam-policy-binding',
    email,
    '--project=example-project',
    '--role=roles/iam.workloadIdentityUser',
    `--member=${principal}`,
    '--condition=None',
  ],
  [
    'artifacts',
    'repositories',
    'add-iam-policy-binding',
    'projects/example-project/locations/europe/repositories/images',
    '--role=roles/artifactregistry.reader',
    `--member=serviceAccount:${email}`,
    '--condition=None',
  ],
]
