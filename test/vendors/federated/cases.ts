/** Vendors whose exchange is one request (or none), each as a registry of a document, with the faults that doctor is to name. */
import type { TestContext } from 'node:test'
import type { FederatedSandbox } from '../../../sandbox/issuer/federated-service.ts'
import type { TrustedIdentity } from '../../../sandbox/issuer/verify-identity.ts'
import type { LoadSandboxVendor, SandboxCloud } from '../../../sandbox/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Code } from '../../../src/errors/codes.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { loadAlibaba } from '../alibaba/trusted-cloud.ts'
import { documentOf } from '../exchange-registry.ts'

/** What tests change at the vendor. */
interface TestCloud extends SandboxCloud {
  /** Absent: a vendor with resources, whose faults are planted in these. */
  readonly trusted?: TrustedIdentity
  readonly url?: string
  readonly settings?: FederatedSandbox['settings']
  readonly readKeys?: () => Promise<void>
}

export interface PlantedFault {
  readonly title: string
  readonly plant: (cloud: TestCloud) => void | Promise<void>
  readonly hop: 'exchange' | 'registry'
  readonly code: Code
  readonly fix: RegExp
  /** Absent: none is printed. */
  readonly command?: string
}

export interface VendorCase {
  readonly load: LoadSandboxVendor<TestCloud>
  /** The fields of the registry besides its hosts, in YAML. */
  readonly registry: (cloud: Pick<TestCloud, 'url'>) => string
  readonly username: string
  readonly expiresAt: string
  readonly faults: readonly PlantedFault[]
}

/** The vendor and the token differ. */
const atExchange = (title: string, plant: PlantedFault['plant'], code: Code, fix: RegExp): PlantedFault => ({
  title,
  plant,
  hop: 'exchange',
  code,
  fix,
  ...(fix !== parameters && fix !== setUp && { command: 'pullpass inspect -f FILE' }),
})

const trusting =
  (changes: Partial<TrustedIdentity>): PlantedFault['plant'] =>
  ({ trusted }) =>
    void Object.assign(trusted ?? {}, changes)

/** For a document that does not name what pullpass trust needs. */
const setUp =
  /^set alibaba\.trust \(repositories and fingerprints\) in the document; then: pullpass trust apply -f \S+; or: compare .* with the token: pullpass inspect /

const parameters = /^see the registry's parameters, such as audience and resource$/

const otherIssuer = (code: Code, fix: RegExp) =>
  atExchange('another issuer is trusted', trusting({ issuer: 'https://other.example.com' }), code, fix)
const otherSubject = (code: Code, fix: RegExp) =>
  atExchange('another subject is trusted', trusting({ subject: 'system:serviceaccount:a:b' }), code, fix)
const otherAudience = (code: Code, fix: RegExp) =>
  atExchange('another audience is expected', trusting({ audience: 'https://other' }), code, fix)
const otherName = (title: string, code: Code, fix: RegExp) =>
  atExchange(
    title,
    ({ settings }) => {
      if (settings !== undefined) settings.name = 'other'
    },
    code,
    fix,
  )

function responding(
  title: string,
  { status, body }: { readonly status: number; readonly body: string | object },
  code: Code,
  fix: RegExp,
): PlantedFault {
  const plant = ({ parts }: TestCloud) =>
    parts['tokens']?.faults.inject({ kind: 'response', response: { status, body } })
  return { title, plant, hop: 'exchange', code, fix }
}

const everywhere: readonly PlantedFault[] = [
  responding(
    'it is down',
    { status: 503, body: 'no healthy upstream' },
    'EXCHANGE_UNAVAILABLE',
    /^no action if this is temporary: pull secrets keep their credentials, and the next run retries$/,
  ),
  responding(
    'a sign-in page intercepts the request',
    { status: 200, body: '<!DOCTYPE html>' },
    'RESPONSE_MALFORMED',
    /^check that no proxy or sign-in page intercepts this request, and that the endpoint is correct$/,
  ),
  responding(
    'it limits the rate of requests',
    { status: 429, body: { message: 'rate limit exceeded' } },
    'QUOTA_EXCEEDED',
    /^no action if it passes$/,
  ),
  {
    title: 'the credential may not pull',
    plant: ({ settings }) => {
      if (settings !== undefined) settings.pulls = false
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    fix: /(?:^|; )also check the path of the image: the response for a repository that does not exist is the same$/,
  },
]

const uncommanded = ({ command: _command, ...fault }: PlantedFault): PlantedFault => fault

const otherRobot = (code: Code, fix: RegExp): PlantedFault => uncommanded(otherIssuer(code, fix))

const absentRobot = uncommanded(
  otherName(
    'the robot does not exist',
    'PROVIDER_NOT_FOUND',
    /^pullpass trust apply -f \S+ --repository ORGANIZATION\/NAME, .*; or: correct quay\.robot, or create it with pullpass trust apply$/,
  ),
)

/** The document does not name what `pullpass trust` grants. */
const withoutTrust = (own: RegExp): RegExp =>
  new RegExp(`^pullpass trust apply -f \\S+ --repository REGISTRY_ID, or REGISTRY_ID/NAME .*; (?:or: )?${own.source}`)

const absentAccount = uncommanded(
  otherName(
    'the service account does not exist',
    'PROVIDER_NOT_FOUND',
    withoutTrust(/correct yandex\.serviceAccountId/),
  ),
)

/** Of JFrog: no flag names the identity of the tokens. */
const inDocument = (own: RegExp): RegExp =>
  new RegExp(
    `^set jfrog\\.trust \\(repositories, and username or group\\) in the document; then: pullpass trust apply -f \\S+; (?:or: )?${own.source}`,
  )

/** Refusals of a registry that verifies the token itself have no reason. */
function atRegistry(title: string, plant: PlantedFault['plant']): PlantedFault {
  const fix = /^check that this host belongs to the vendor that the document configures for it$/
  return { title, plant, hop: 'registry', code: 'REGISTRY_CREDENTIAL_REFUSED', fix }
}

const refused = /^compare .* with the token$/

const ofService =
  /^check that service account puller exists and is one of those of the OpenID Connect provider of example-project, and compare the URL and claims of the provider with the token$/

export const cases: Readonly<Record<string, VendorCase>> = {
  quay: {
    load: sandboxVendors.quay,
    registry: ({ url }) => `quay: {robot: example-project+puller, endpoint: "${url}"}`,
    username: 'example-project+puller',
    expiresAt: '2026-11-24T13:00:00Z',
    faults: [
      otherRobot('ISSUER_REFUSED', /^pullpass trust apply -f \S+ --repository ORGANIZATION\/NAME, .*; or: compare /),
      otherSubject('CONDITION_REFUSED', /^compare the federation of robot example-project\+puller/),
      absentRobot,
      ...everywhere,
    ],
  },
  jfrog: {
    load: sandboxVendors.jfrog,
    registry: ({ url }) => `jfrog: {url: "${url}", providerName: cluster}`,
    username: 'puller',
    expiresAt: '2026-11-24T13:00:00Z',
    faults: [
      uncommanded(otherIssuer('ISSUER_UNREACHABLE', /^publish the issuer's documents where JFrog can read them/)),
      otherSubject('CONDITION_REFUSED', refused),
      otherAudience('CONDITION_REFUSED', refused),
      uncommanded(
        otherName(
          'the integration does not exist',
          'PROVIDER_NOT_FOUND',
          inDocument(/correct jfrog\.providerName, or create it with pullpass trust apply/),
        ),
      ),
      ...everywhere.map((one) =>
        one.code === 'REGISTRY_DENIED' ? { ...one, fix: inDocument(/also check the path/) } : one,
      ),
    ],
  },
  cloudsmith: {
    load: sandboxVendors.cloudsmith,
    registry: ({ url }) => `cloudsmith: {organization: example-project, service: puller, endpoint: "${url}"}`,
    username: 'token',
    expiresAt: '2026-11-24T14:00:00Z',
    faults: [
      otherIssuer('EXCHANGE_REFUSED', ofService),
      otherSubject('EXCHANGE_REFUSED', ofService),
      otherAudience('EXCHANGE_REFUSED', ofService),
      otherName('the service account does not exist', 'EXCHANGE_REFUSED', ofService),
      ...everywhere.map((one) =>
        one.code === 'REGISTRY_DENIED'
          ? { ...one, fix: /^pullpass trust apply -f \S+ --repository ORGANIZATION\/REPOSITORY; .*also check the path/ }
          : one,
      ),
    ],
  },
  chainguard: {
    load: sandboxVendors.chainguard,
    registry: ({ url }) =>
      `chainguard: {identity: 45a0c61ea6fd977f050c5fb9ac06a69eed764595/7f3b2d9c1f0a4e5b, endpoint: "${url}"}`,
    username: '_token',
    expiresAt: '2026-11-24T13:00:00Z',
    faults: [
      otherIssuer('EXCHANGE_REFUSED', refused),
      otherSubject('EXCHANGE_REFUSED', refused),
      otherAudience('EXCHANGE_REFUSED', refused),
      otherName('the identity does not exist', 'EXCHANGE_REFUSED', refused),
      ...everywhere.map((one) =>
        one.code === 'REGISTRY_DENIED'
          ? {
              ...one,
              fix: /^pullpass trust apply -f \S+ --repository ORGANIZATION, or ORGANIZATION\/FOLDER .*also check the path/,
            }
          : one,
      ),
    ],
  },
  yandex: {
    load: sandboxVendors.yandex,
    registry: ({ url }) => `yandex: {serviceAccountId: ajeexample0123456789, endpoint: "${url}"}`,
    username: 'iam',
    expiresAt: '2026-11-25T00:00:00Z',
    faults: [
      otherIssuer('EXCHANGE_REFUSED', refused),
      otherSubject('EXCHANGE_REFUSED', refused),
      otherAudience('EXCHANGE_REFUSED', refused),
      absentAccount,
      ...everywhere.map((one) =>
        one.code === 'REGISTRY_DENIED' ? { ...one, fix: withoutTrust(/also check the path/) } : one,
      ),
    ],
  },
  alibaba: {
    load: loadAlibaba,
    registry: ({ url }) =>
      'alibaba: {roleArn: "acs:ram::123456789012:role/puller", oidcProviderArn: "acs:ram::123456789012:oidc-provider/cluster", ' +
      `region: eu-central-1, instanceId: cri-example, endpoints: {sts: "${url}", cr: "${url}"}}`,
    username: 'cr_temp_user',
    expiresAt: '2026-11-24T13:00:00Z',
    faults: [
      otherIssuer('ISSUER_REFUSED', setUp),
      otherSubject('CONDITION_REFUSED', refused),
      otherAudience('AUDIENCE_REFUSED', setUp),
      otherName('the role does not exist', 'PROVIDER_NOT_FOUND', setUp),
      ...everywhere,
    ],
  },
  // Faults of its resources are in test/doctor/faults.
  tencent: {
    load: sandboxVendors.tencent,
    registry: ({ url }) =>
      'tencent: {roleArn: "qcs::cam::uin/100000000001:roleName/puller", providerId: cluster, region: eu-frankfurt, ' +
      `registryId: tcr-example, endpoints: {sts: "${url}", tcr: "${url}"}}`,
    username: '100000000001',
    expiresAt: '2026-11-24T13:00:00Z',
    faults: [
      {
        ...responding(
          'it refuses the role',
          {
            status: 200,
            body: { Response: { Error: { Code: 'UnauthorizedOperation', Message: 'resource has no permission' } } },
          },
          'CONDITION_REFUSED',
          refused,
        ),
        command: 'pullpass inspect -f FILE',
      },
      ...everywhere.filter(({ hop }) => hop === 'exchange'),
    ],
  },
  oidc: {
    load: sandboxVendors.oidc,
    registry: ({ url }) =>
      `audience: "${url}", oidc: {url: "${url}/token", parameters: {audience: registry}, response: {username: /account/name}}`,
    username: 'puller',
    expiresAt: '2026-11-24T12:30:00Z',
    faults: [
      otherIssuer('EXCHANGE_REFUSED', refused),
      otherSubject('CONDITION_REFUSED', refused),
      otherAudience('EXCHANGE_REFUSED', refused),
      otherName('the audience of the request is unknown', 'PROVIDER_NOT_FOUND', parameters),
      ...everywhere,
    ],
  },
  http: {
    load: sandboxVendors.http,
    registry: ({ url }) =>
      `audience: "${url}", http: {url: "${url}/v1/registry/login", headers: {x-tenant: team-a}, json: {auth: {kind: jwt}}, ` +
      'token: {in: Body, name: /auth/jwt}, response: {password: /data/login/pass~1word, username: /data/login/user, expiresAt: /data/until}}',
    username: 'broker',
    expiresAt: '2026-11-24T12:30:00Z',
    faults: [
      otherIssuer('EXCHANGE_REFUSED', refused),
      otherSubject('EXCHANGE_REFUSED', refused),
      otherAudience('EXCHANGE_REFUSED', refused),
      otherName('the tenant is unknown', 'EXCHANGE_REFUSED', refused),
      ...everywhere,
    ],
  },
  token: {
    load: sandboxVendors.token,
    registry: () => 'audience: "https://registry.example.com", token: {}',
    username: 'jwt',
    expiresAt: '2026-11-24T13:00:00Z',
    faults: [
      atRegistry('another issuer is trusted', trusting({ issuer: 'https://other.example.com' })),
      atRegistry('another subject is trusted', trusting({ subject: 'system:serviceaccount:a:b' })),
      atRegistry('another audience is expected', trusting({ audience: 'https://other' })),
      atRegistry('it cannot read the keys of the issuer', async (cloud) => {
        const issuer = cloud.trusted?.issuer ?? ''
        await trusting({ issuer: 'https://127.0.0.1:1' })(cloud)
        await cloud.readKeys?.()
        await trusting({ issuer })(cloud)
      }),
    ],
  },
}

export interface StartedVendor {
  readonly sandbox: TestSandbox
  readonly cloud: TestCloud
  readonly host: string
  /** The registry in YAML, with its hosts. */
  readonly registry: string
  /** Path of a document with it. */
  readonly file: string
}

export async function startVendor(t: TestContext, { load, registry }: VendorCase): Promise<StartedVendor> {
  const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
  const cloud = await sandbox.start(load)
  const host = `localhost:${sandbox.parts.registry.port}`
  const fields = `hosts: ["${host}"], ${registry(cloud)}`
  return { sandbox, cloud, host, registry: fields, file: await sandbox.write('pull.yaml', documentOf(fields)) }
}
