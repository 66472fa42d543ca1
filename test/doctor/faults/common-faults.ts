/** What is alike at every cloud: the document, and faults of the cluster's key, of this machine's clock and of the token file. */
import type { LoadSandboxVendor, SandboxCloud } from '../../../sandbox/vendor.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'

interface StartedClouds<Cloud> {
  readonly start: (sandbox: TestSandbox) => Promise<Cloud>
  readonly cloudOf: (world: Pick<World, 'sandbox'>) => Cloud
}

/** The services of a cloud, by the sandbox that the document of a fault starts them in. */
export function startedClouds<Cloud extends SandboxCloud>(
  title: string,
  load: LoadSandboxVendor<Cloud>,
): StartedClouds<Cloud> {
  const clouds = new WeakMap<TestSandbox, Cloud>()
  return {
    async start(sandbox) {
      const cloud = await sandbox.start(load)
      clouds.set(sandbox, cloud)
      return cloud
    },
    cloudOf({ sandbox }) {
      const started = clouds.get(sandbox)
      if (started === undefined) throw new Error(`the document starts the sandbox of ${title}`)
      return started
    },
  }
}

interface TokenSource {
  /** It is requested from the cluster unless it is in a file. */
  readonly token: 'in a file' | undefined
  readonly audiences: readonly string[]
}

/** A document with one registry. `fields`: of that, in YAML, besides its host. */
export async function cloudDocument(
  sandbox: TestSandbox,
  { token, audiences }: TokenSource,
  fields: string,
): Promise<{ readonly text: string }> {
  if (token === 'in a file') await sandbox.writeToken({ audiences })
  const account = token === 'in a file' ? '' : '  serviceAccountRef: {namespace: image-system, name: pullpass}\n'
  return {
    text: `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: [team-a, team-b]}
${account}  attachToServiceAccounts: [default]
  registries:
    - hosts: ["localhost:${sandbox.parts.registry.port}"]${fields}
`,
  }
}

interface CommonFaults {
  readonly document: (content?: { readonly token?: 'in a file' }) => DocumentChoice
  /** Of the token. */
  readonly audiences: readonly string[]
}

export const commonFaults = (cloud: string, { document, audiences }: CommonFaults): readonly Fault[] => [
  {
    title: `at ${cloud}: the cluster signs with a new key, and the old one is published`,
    document: document(),
    plant: async ({ sandbox }) => sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add()),
    hop: 'key',
    code: 'KEY_UNPUBLISHED',
    fix: /^pullpass issuer publish --to gs:\/\/example-cluster/,
    repair: 'command',
  },
  {
    title: `at ${cloud}: this machine's clock is two hours ahead`,
    document: document(),
    plant: () => undefined,
    clockOffMs: 2 * 3_600_000,
    hop: 'clock',
    code: 'CLOCK_SKEWED',
    fix: /^synchronize the clock of /,
    repair: () => undefined,
  },
  {
    title: `at ${cloud}: the token in the file has expired`,
    document: document({ token: 'in a file' }),
    async plant({ sandbox, pullpass, file }) {
      await sandbox.writeToken({ audiences, lifeSeconds: 600 })
      await pullpass(['refresh', '-f', file])
      sandbox.clock.advance('30 min')
    },
    hop: 'subject-token',
    code: 'TOKEN_EXPIRED',
    fix: /^pullpass manifests -f .*\nread the token from the pod's own projected volume/,
    repair: ({ sandbox }) => sandbox.writeToken({ audiences }),
    unrun: 'it shows what is there',
  },
  {
    title: `at ${cloud}: the token in the file is for another audience`,
    document: document({ token: 'in a file' }),
    plant: ({ sandbox }) => sandbox.writeToken({ audiences: ['https://other.example.com'] }),
    hop: 'subject-token',
    code: 'AUDIENCE_MISMATCH',
    fix: /^pullpass manifests -f .*\nset that audience on the pod's projected token/,
    repair: ({ sandbox }) => sandbox.writeToken({ audiences }),
    unrun: 'it shows what is there',
  },
]
