/** Faults at Google: the provider, its condition, and the impersonation. */
import { stsQuotaExceeded } from '../../../sandbox/gcp/sts/security-token-service.ts'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import type { Fault } from '../fault.ts'
import { email, type World } from '../ground.ts'

const hop = 'exchange'
const subject = 'system:serviceaccount:image-system:pullpass'
const apply = new RegExp(String.raw`^pullpass trust apply -f \S+pull\.yaml --subject ${subject}\n`)

type Provider = Partial<Parameters<World['sandbox']['gcp']['identity']['putProvider']>[0]>

const setProvider = ({ sandbox }: World, odds: Provider = {}) =>
  sandbox.gcp.identity.putProvider({ name: sandbox.gcp.provider, issuerUri: sandbox.cluster.issuer, ...odds })

const pool = ({ sandbox }: World) => sandbox.gcp.provider.replace(/\/providers\/.*/, '')
const restore = (ground: World) => setProvider(ground)
const uploaded = { trust: '          uploadKeys: Always' }

export const exchangeFaults: readonly Fault[] = [
  {
    title: 'the provider was deleted a month ago, so that it is gone for good',
    plant: ({ sandbox }) =>
      sandbox.gcp.identity.write({ name: sandbox.gcp.provider, state: 'DELETED', expireTime: '2026-11-20T00:00:00Z' }),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    fix: /^pullpass trust apply .*\nit would create provider projects\/123456789012\/\S+\/cluster: issuer https:/,
    repair: 'command',
  },
  {
    title: 'the provider was deleted a moment ago',
    plant: (ground) => setProvider(ground, { state: 'DELETED' }),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    fix: /^pullpass trust apply .*\nit would undelete provider projects\/123456789012\//,
    repair: 'command',
  },
  {
    title: 'the provider is disabled',
    plant: (ground) => setProvider(ground, { state: 'DISABLED' }),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    fix: /^gcloud iam workload-identity-pools providers update-oidc projects\/\S+\/providers\/cluster --no-disabled\n.*check first why that was done/,
    repair: 'command',
    imitated: 'gcloud',
  },
  {
    title: 'the pool is disabled',
    plant: (ground) => ground.sandbox.gcp.identity.putPool(pool(ground), 'DISABLED'),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    fix: /^gcloud iam workload-identity-pools update projects\/\S+\/workloadIdentityPools\/pool --no-disabled\n/,
    repair: 'command',
    imitated: 'gcloud',
  },
  {
    title: 'the provider believes another cluster',
    plant: (ground) => setProvider(ground, { issuerUri: 'https://oidc.example.com/another' }),
    hop,
    code: 'ISSUER_REFUSED',
    fix: /^pullpass trust apply .* --replace issuer\nprovider .* its issuer is https:\/\/oidc.example.com\/another, not /,
    repair: 'command',
  },
  {
    title: 'the provider takes other audiences',
    plant: (ground) => setProvider(ground, { allowedAudiences: ['https://images.example.com'] }),
    hop,
    code: 'AUDIENCE_REFUSED',
    fix: /^pullpass trust apply .*\nit would update provider .*: audience \S+ is added/,
    repair: 'command',
  },
  {
    title: "the provider's attribute condition does not hold for the account",
    plant: (ground) =>
      setProvider(ground, { attributeCondition: "assertion.sub.startsWith('system:serviceaccount:ci:')" }),
    hop,
    code: 'CONDITION_REFUSED',
    fix: /^gcloud iam workload-identity-pools providers describe \S+\/cluster\nits condition stays: assertion\.sub\.startsWith\('system:serviceaccount:ci:'\); pullpass trust apply /,
    unrun: 'it shows what is there',
    repair: restore,
  },
  {
    title: "the provider's condition is another than the document's",
    document: { trust: `          attributeCondition: assertion.sub == '${subject}'` },
    plant: (ground) =>
      setProvider(ground, { attributeCondition: "assertion.sub == 'system:serviceaccount:ci:deployer'" }),
    hop,
    code: 'CONDITION_REFUSED',
    fix: /^pullpass trust apply .* --replace condition\n.*its condition is assertion\.sub == 'system:serviceaccount:ci:deployer'/,
    repair: 'command',
  },
  {
    title: 'keys were uploaded once, and the cluster signs with a newer one',
    document: uploaded,
    async plant(ground) {
      const { sandbox } = ground
      const jwksJson = JSON.stringify(sandbox.cluster.keys.jwks)
      for (const { name } of sandbox.gcp.store.list('example-cluster'))
        sandbox.gcp.store.remove('example-cluster', name)
      sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
      await sandbox.writeToken()
      setProvider(ground, { jwksJson })
    },
    hop,
    code: 'ISSUER_UNREACHABLE',
    fix: /^pullpass trust apply .*\nit would update provider .*: keys \S+ are added/,
    repair: 'command',
  },
  {
    title: 'the key that signed the token was revoked, and uploaded keys lack it',
    document: uploaded,
    async plant(world) {
      const { sandbox, send, pullpass } = world
      const leaked = sandbox.cluster.keys.current.kid
      await sandbox.cluster.keys.add()
      await send('POST', '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'pullpass-system' },
      })
      const { keys } = sandbox.cluster.keys.jwks
      setProvider(world, { jwksJson: JSON.stringify({ keys: keys.filter(({ kid }) => kid !== leaked) }) })
      await pullpass(['issuer', 'revoke', leaked, '--to', `gcp-provider:${sandbox.gcp.provider}`, '--yes'])
    },
    hop: 'key',
    code: 'KEY_REVOKED',
    fix: /^configure the API servers to sign with another key/,
    async repair(world) {
      const { keys } = world.sandbox.cluster
      keys.signWith(keys.published.find((key) => key.kid !== keys.current.kid) ?? keys.current)
      await world.sandbox.writeToken()
    },
  },
  {
    title: 'old keys were uploaded to the provider, so that Google does not read the published ones',
    async plant(ground) {
      const { publicKey } = await sharedSigningKey('another')
      const key = { ...publicKey.export({ format: 'jwk' }), kid: 'old', use: 'sig', alg: 'RS256' }
      setProvider(ground, { jwksJson: JSON.stringify({ keys: [key] }) })
    },
    hop,
    code: 'ISSUER_UNREACHABLE',
    fix: /^pullpass trust apply .* --replace keys\nits uploaded keys stay: old; Google does not read the issuer/,
    repair: 'command',
  },
  {
    title: "another key was uploaded under the cluster's kid",
    document: uploaded,
    async plant(ground) {
      const { publicKey } = await sharedSigningKey('another')
      const { kid } = ground.sandbox.cluster.keys.current
      const key = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
      setProvider(ground, { jwksJson: JSON.stringify({ keys: [key] }) })
    },
    hop,
    code: 'SIGNATURE_INVALID',
    fix: /^pullpass trust apply .* --replace keys\n.*differs from the cluster's key with this kid/,
    repair: 'command',
  },
  {
    title: "Google's token service is throttled",
    plant: ({ sandbox }) => sandbox.gcp.parts.sts.faults.inject({ kind: 'response', response: stsQuotaExceeded }),
    hop,
    code: 'QUOTA_EXCEEDED',
    fix: /^no action if this is temporary; otherwise raise the quota/,
    repair: ({ sandbox }) => sandbox.gcp.parts.sts.faults.clear(),
  },
  {
    title: "Google's token service does not respond",
    plant: ({ sandbox }) => sandbox.gcp.parts.sts.faults.inject({ kind: 'reset', at: 'request' }),
    hop,
    code: 'EXCHANGE_UNAVAILABLE',
    fix: /^check that this address is reachable from here/,
    repair: ({ sandbox }) => sandbox.gcp.parts.sts.faults.clear(),
  },
  {
    title: 'a proxy intercepts requests to the token service',
    plant: ({ sandbox }) =>
      sandbox.gcp.parts.sts.faults.inject({
        kind: 'response',
        response: { status: 302, headers: { location: 'https://proxy.example.com' } },
      }),
    hop,
    code: 'REDIRECT_REFUSED',
    fix: /^set the final address as the endpoint/,
    repair: ({ sandbox }) => sandbox.gcp.parts.sts.faults.clear(),
  },
  {
    title: 'the service account was deleted',
    plant: ({ sandbox }) => sandbox.gcp.accounts.remove(email),
    hop: 'impersonation',
    code: 'IMPERSONATION_DENIED',
    fix: /^pullpass trust apply .*\nit would undelete service account puller@example-project.iam.gserviceaccount.com, unique ID \d+/,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    repair: 'command',
  },
  {
    title: 'workloadIdentityUser is not granted',
    plant: ({ sandbox }) => sandbox.gcp.accounts.denyTokens(email, sandbox.gcp.principal),
    hop: 'impersonation',
    code: 'IMPERSONATION_DENIED',
    fix: apply,
    repair: 'command',
  },
  {
    title: 'workloadIdentityUser is not granted, in a pool that another cluster shares',
    plant({ sandbox }) {
      const name = sandbox.gcp.provider.replace(/cluster$/, 'dev-1')
      sandbox.gcp.identity.putProvider({ name, issuerUri: 'https://dev-1.example.com' })
      sandbox.gcp.accounts.denyTokens(email, sandbox.gcp.principal)
    },
    hop: 'impersonation',
    code: 'IMPERSONATION_DENIED',
    fix: /^pullpass trust apply -f \S+ --subject \S+\nit would grant .*; other clusters would get the same permissions: provider dev-1 \(issuer .*; name a resource of this cluster in the documents, or confirm on the terminal /,
    unrun: 'it prompts on the terminal',
    repair: async ({ pullpass, file }) =>
      await pullpass(['trust', 'apply', '-f', file, '--subject', subject, '--share-trust-domain', '--yes']),
  },
  {
    title: 'workloadIdentityUser was granted a moment ago, and is not known everywhere yet',
    plant({
      sandbox: {
        gcp,
        clock,
        gcp: { principal },
      },
    }) {
      gcp.accounts.denyTokens(email, principal)
      gcp.accounts.allowTokens(email, principal, new Date(clock.now().getTime() + 120_000))
    },
    hop: 'impersonation',
    code: 'IMPERSONATION_DENIED',
    fix: /^all resources are as these documents need them: a change takes up to 5 minutes/,
    repair: ({ sandbox }) => sandbox.clock.advance('2 min'),
  },
]
