/** Faults at Chainguard: the identity that the document names, and its role on the organization. */
import { type ClaimMatch, type Identity, newUid, roles } from '../../../sandbox/chainguard/state.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
/** Its responses do not state the cause: what doctor names is found in the resources. */
const code = 'EXCHANGE_REFUSED'
const audience = 'https://pull.example.com'
const subject = 'system:serviceaccount:image-system:pullpass'
const { start, cloudOf } = startedClouds('Chainguard', sandboxVendors.chainguard)

interface ChainguardContent {
  /** Absent: the organization. */
  readonly repositories?: string
  /** The token is requested from the cluster unless it is in a file. */
  readonly token?: 'in a file'
}

/** A document whose only registry is at Chainguard. */
const document =
  ({ repositories = 'example-project', token }: ChainguardContent = {}): DocumentChoice =>
  async (sandbox) => {
    const cloud = await start(sandbox)
    cloud.trusted.audience = audience
    return await cloudDocument(
      sandbox,
      { token, audiences: [audience] },
      `
      name: chainguard
      audience: ${audience}
      chainguard:
        identity: ${cloud.identity}
        endpoint: "${cloud.url}"
        trust: {repositories: [${repositories}]}`,
    )
  }

function change(world: World, fields: (found: Identity) => Partial<Identity>): void {
  const { identities } = cloudOf(world).state
  for (const one of identities.values()) identities.set(one.uid, { ...one, ...fields(one) })
}

const withClaims =
  (claims: ClaimMatch) =>
  (world: World): void =>
    change(world, ({ claimMatch }) => ({ claimMatch: { ...claimMatch, ...claims } }))

function storeKeys(world: World, fields: { readonly issuerKeys?: string; readonly expirationTime?: string }): void {
  const { issuer, keys } = world.sandbox.cluster
  const stored = { issuer, subject, issuerKeys: JSON.stringify(keys.jwks), expirationTime: '2026-12-20T00:00:00Z' }
  const { state, identity } = cloudOf(world)
  const staticKeys = { ...stored, audiences: [audience], ...fields }
  state.identities.set(identity, { uid: identity, name: 'cluster', description: '', staticKeys })
}

function createIdentity(world: World): void {
  const { state, identity: uid } = cloudOf(world)
  const claimMatch = { issuer: world.sandbox.cluster.issuer, subject, audience }
  state.identities.set(uid, { uid, name: 'cluster', description: '', claimMatch })
}

const replaces = (field: string, seen: string) =>
  new RegExp(
    `^pullpass trust apply -f \\S+pull\\.yaml --replace ${field}\nidentity \\S+ is for ${seen}; check first why that was done, or correct the documents$`,
  )

export const chainguardFaults: readonly Fault[] = [
  {
    title: 'at Chainguard: the identity does not exist',
    document: document(),
    plant: (world) => cloudOf(world).state.identities.clear(),
    hop,
    code,
    fix: /^chainctl iam identities create pullpass-\S+ --parent \w+ --description .* --identity-issuer https:\S+ --subject system:serviceaccount:image-system:pullpass --audience https:\/\/pull\.example\.com --yes --output id\nidentity \S+ does not exist; correct chainguard\.identity, or create the identity and name its id there$/,
    unrun: 'the documents must then name what it creates',
    repair: createIdentity,
  },
  {
    title: 'at Chainguard: the identity is for another issuer',
    document: document(),
    plant: withClaims({ issuer: 'https://oidc.example.com/another' }),
    hop,
    code,
    fix: replaces('issuer', 'issuer https://oidc\\.example\\.com/another'),
    repair: 'command',
  },
  {
    title: 'at Chainguard: the identity is for another service account of the cluster',
    document: document(),
    plant: withClaims({ subject: 'system:serviceaccount:ci:deployer' }),
    hop,
    code,
    fix: replaces('subject', 'subject system:serviceaccount:ci:deployer'),
    repair: 'command',
  },
  {
    title: 'at Chainguard: the identity is for another audience',
    document: document(),
    plant: withClaims({ audience: 'https://other.example.com' }),
    hop,
    code,
    fix: replaces('audience', 'audience https://other\\.example\\.com'),
    repair: 'command',
  },
  {
    title: 'at Chainguard: the pattern of the identity does not match the subject',
    document: document(),
    plant: (world) =>
      change(world, ({ claimMatch: { issuer = '' } = {} }) => ({
        claimMatch: { issuer, audience, subjectPattern: '^system:serviceaccount:ci:.*$' },
      })),
    hop,
    code,
    fix: /^pullpass inspect -f \S+\nit accepts each subject that matches \^system:serviceaccount:ci:\.\*\$: --replace subject accepts only system:serviceaccount:image-system:pullpass; compare /,
    unrun: 'it shows what is there',
    repair: async ({ pullpass, file }) =>
      await pullpass(['trust', 'apply', '-f', file, '--replace', 'subject', '--yes']),
  },
  {
    title: 'at Chainguard: the identity also requires a claim that the token does not have',
    document: document(),
    plant: withClaims({ claims: { env: 'prod' } }),
    hop,
    code,
    fix: /^pullpass inspect -f \S+\nit also compares the claims env, which tokens must have; compare /,
    unrun: 'it shows what is there',
    repair: createIdentity,
  },
  {
    title: 'at Chainguard: the keys that the identity stores have expired',
    document: document(),
    plant: (world) => storeKeys(world, { expirationTime: '2026-11-24T11:00:00Z' }),
    hop,
    code,
    fix: /^chainctl iam identities create pullpass-\S+ .* --issuer-keys '\{"keys":\[.*' --yes --output id\nthe keys that identity \S+ stores expired at 2026-11-24T11:00:00Z; create another identity and name its id in chainguard\.identity$/,
    unrun: 'the documents must then name what it creates',
    repair: (world) => storeKeys(world, {}),
  },
  {
    title: 'at Chainguard: the identity stores keys without that of the cluster',
    document: document(),
    plant: (world) => storeKeys(world, { issuerKeys: '{"keys":[]}' }),
    hop,
    code,
    fix: /^chainctl iam identities update \S+ --issuer-keys '\{"keys":\[.*' --yes\nidentity \S+ stores its keys, without the key \S+ of the cluster; check first why that was done$/,
    unrun: 'its program is not available to tests',
    repair: (world) => storeKeys(world, {}),
  },
  {
    title: 'at Chainguard: the identity has no role',
    document: document(),
    plant(world) {
      cloudOf(world).settings.pulls = false
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would grant registry\.pull on example-project to identity \S+/,
    repair: 'command',
  },
  {
    title: 'at Chainguard: the identity has the role on another folder',
    document: document({ repositories: 'example-project/images' }),
    plant(world) {
      const { state, settings, organization, identity } = cloudOf(world)
      settings.pulls = false
      const other = { uid: newUid(organization), name: 'other' }
      state.groups.set(other.uid, other)
      const uid = newUid(other.uid)
      state.bindings.set(uid, { uid, identityUid: identity, roleUid: roles.pull })
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would grant registry\.pull on example-project\/images to identity \S+/,
    repair: 'command',
  },
  ...commonFaults('Chainguard', { document, audiences: [audience] }),
]
