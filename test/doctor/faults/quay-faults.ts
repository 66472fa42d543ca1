/** Faults at Quay: the robot account, its federation, and its permission on the repository. */
import { createRobot, deleteRobot, type FederationEntry } from '../../../sandbox/quay/state.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
const audience = 'https://pull.example.com'
const adds =
  /^pullpass trust apply -f \S+pull\.yaml\nit would let system:serviceaccount:image-system:pullpass of https:\S+ sign in as \S+\/example-project\+puller/
const { start, cloudOf } = startedClouds('Quay', sandboxVendors.quay)

interface QuayContent {
  /** Absent: that of the image. */
  readonly repository?: string
  /** The token is requested from the cluster unless it is in a file. */
  readonly token?: 'in a file'
}

/** A document whose only registry is at Quay. */
const document =
  ({ repository, token }: QuayContent = {}): DocumentChoice =>
  async (sandbox) => {
    const cloud = await start(sandbox)
    return await cloudDocument(
      sandbox,
      { token, audiences: [audience] },
      `
      name: quay
      audience: ${audience}
      quay:
        robot: ${cloud.robot}
        endpoint: "${cloud.url}"
        trust: {repositories: [${repository ?? cloud.repository}]}`,
    )
  }

/** Changes the entry of the cluster. */
function changeEntry(world: World, change: (entry: FederationEntry) => FederationEntry): void {
  const { state, robot } = cloudOf(world)
  const found = state.robots.get(robot)
  if (found !== undefined) found.entries = found.entries.map(change)
}

const rolesOf = (world: World) => {
  const { state, repository } = cloudOf(world)
  return state.repositories.get(repository)
}

const faults: readonly Fault[] = [
  {
    title: 'at Quay: the robot has no federation',
    document: document(),
    plant: (world) => void cloudOf(world).state.robots.set(cloudOf(world).robot, createRobot(cloudOf(world).robot)),
    hop,
    code: 'ISSUER_REFUSED',
    fix: adds,
    repair: 'command',
  },
  {
    title: 'at Quay: the federation has the issuer of another cluster',
    document: document(),
    plant: (world) => changeEntry(world, (entry) => ({ ...entry, issuer: 'https://oidc.example.com/another' })),
    hop,
    code: 'ISSUER_REFUSED',
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would let .*; other clusters would get the same permissions: system:serviceaccount:image-system:pullpass of another cluster \(issuer https:\/\/oidc\.example\.com\/another\) signs in as it/,
    unrun: 'it prompts on the terminal',
    repair: async ({ pullpass, file }) =>
      await pullpass(['trust', 'apply', '-f', file, '--share-trust-domain', '--yes']),
  },
  {
    title: 'at Quay: the issuer of the federation has a trailing slash, which that of the cluster has not',
    document: document(),
    plant: (world) => changeEntry(world, (entry) => ({ ...entry, issuer: `${entry.issuer}/` })),
    hop,
    code: 'ISSUER_REFUSED',
    fix: adds,
    repair: 'command',
  },
  {
    title: 'at Quay: the federation is for another service account of the cluster',
    document: document(),
    plant: (world) => changeEntry(world, (entry) => ({ ...entry, subject: 'system:serviceaccount:ci:deployer' })),
    hop,
    code: 'CONDITION_REFUSED',
    fix: adds,
    repair: 'command',
  },
  {
    title: 'at Quay: the entry of the federation has another audience',
    document: document(),
    plant: (world) => changeEntry(world, (entry) => ({ ...entry, audiences: ['https://other.example.com'] })),
    hop,
    code: 'AUDIENCE_REFUSED',
    fix: /the entry for system:serviceaccount:image-system:pullpass of https:\/\/\S+ accepts only tokens with one of its audiences; compare the federation of robot example-project\+puller at \S+ with the token/,
    repair: (world) => changeEntry(world, ({ issuer, subject }) => ({ issuer, subject })),
    unrun: 'it shows what is there',
  },
  {
    title: 'at Quay: the robot was deleted',
    document: document(),
    plant: (world) => deleteRobot(cloudOf(world).state, cloudOf(world).robot),
    hop,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    code: 'PROVIDER_NOT_FOUND',
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would create robot account example-project\+puller at https:\S+; let .*; if it exists under another name, correct the documents$/,
    repair: 'command',
  },
  {
    title: 'at Quay: the organization was deleted',
    document: document(),
    plant(world) {
      const { state, robot } = cloudOf(world)
      deleteRobot(state, robot)
      state.organizations.clear()
    },
    hop,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    code: 'PROVIDER_NOT_FOUND',
    fix: /^robot account \S+ could not be read with your own credentials: https:\S+ has no organization example-project; .*; or check its name in the documents$/,
    async repair(world) {
      cloudOf(world).state.organizations.add('example-project')
      await world.pullpass(['trust', 'apply', '-f', world.file, '--yes'])
    },
  },
  {
    title: 'at Quay: the robot has no permission on the repository',
    document: document(),
    plant: (world) => rolesOf(world)?.clear(),
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would permit \S+\/example-project\+puller to read example-project\/images\/hello/,
    repair: 'command',
  },
  {
    title: 'at Quay: the document names another repository than that of the image',
    document: document({ repository: 'example-project/other' }),
    plant(world) {
      rolesOf(world)?.clear()
      cloudOf(world).state.repositories.set('example-project/other', new Map([[cloudOf(world).robot, 'read']]))
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^printf .* \| curl .*\/api\/v1\/repository\/example-project\/images\/hello\/permissions\/user\/example-project%2Bpuller\n/,
    repair: 'command',
  },
  ...commonFaults('Quay', { document, audiences: [audience] }),
]

export const quayFaults: readonly Fault[] = faults.map((fault) => ({
  ...fault,
  remains: ['AUDIENCE_UNCHECKED'],
  // Quay responds with 500 where it does not find the key.
  ...(fault.code === 'KEY_UNPUBLISHED' && { besides: ['EXCHANGE_UNAVAILABLE'] }),
}))
