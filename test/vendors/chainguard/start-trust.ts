/** Runs of `pullpass trust` on a document with chainguard. */
import type { TestContext } from 'node:test'
import type { ClaimMatch, Identity, RoleBinding } from '../../../sandbox/chainguard/state.ts'
import { roles } from '../../../sandbox/chainguard/state.ts'
import type { ChainguardSandbox } from '../../../sandbox/chainguard/vendor.ts'
import type { SandboxOptions } from '../../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { subject, type TrustRuns, trustDocument, trustRuns } from '../trust-runs.ts'

export const organization = '45a0c61ea6fd977f050c5fb9ac06a69eed764595'
export const folder: string = `${organization}/1b2c3d4e5f60718a`
export const identityUid: string = `${organization}/7f3b2d9c1f0a4e5b`

export interface TrustTest extends TrustRuns {
  readonly chainguard: ChainguardSandbox
  readonly identities: () => Identity[]
  /** That the document names. */
  readonly identity: () => Identity | undefined
  readonly change: (fields: Partial<Identity>) => void
  /** Each as organization or folder, and role. */
  readonly bindings: () => string[][]
}

interface TrustWorld extends Pick<SandboxOptions, 'issuerDocuments'> {
  /** The YAML list; absent: the organization. */
  readonly repositories?: string
  /** `absent`: it is not created; absent: as the printed command creates it. */
  readonly identity?: 'absent'
  /** Of a second registry entry; the fields of `chainguard`, besides endpoint and trust. */
  readonly second?: { readonly identity: string; readonly account: string }
}

export async function start(
  t: TestContext,
  { repositories = '[example-project]', identity, second, issuerDocuments = 'published' }: TrustWorld = {},
): Promise<TrustTest> {
  const sandbox = await startTestSandbox(t, { trust: 'absent', issuerDocuments })
  const chainguard = await sandbox.start(sandboxVendors.chainguard)
  const { state } = chainguard
  if (identity !== 'absent') {
    const claimMatch = { issuer: sandbox.cluster.issuer, subject, audience: chainguard.url }
    state.identities.set(identityUid, { uid: identityUid, name: 'cluster', description: '', claimMatch })
  }
  const entry = (name: string, host: string, fields: string) => `
    - name: ${name}
      hosts: ["${host}:${sandbox.parts.registry.port}"]
      chainguard: {${fields}, endpoint: "${chainguard.url}", trust: {repositories: ${repositories}}}`
  const first = trustDocument(entry('chainguard', '127.0.0.1', `identity: ${identityUid}`))
  const other =
    second === undefined
      ? []
      : trustDocument(entry('second', 'localhost', `identity: ${second.identity}`), {
          name: 'second',
          account: second.account,
        })
  const runs = await trustRuns(sandbox, [first, other].flat())
  return {
    ...runs,
    chainguard,
    identities: () => [...state.identities.values()],
    identity: () => state.identities.get(identityUid),
    change: (fields) => {
      const found = state.identities.get(identityUid)
      if (found !== undefined) state.identities.set(identityUid, { ...found, ...fields })
    },
    bindings: () => [...state.bindings.values()].map((one) => [groupOf(one), one.roleUid]),
  }
}

const groupOf = ({ uid }: RoleBinding) => uid.split('/').slice(0, -1).join('/')

export const pull = (group: string): string[] => [group, roles.pull]

/** Of the identity as it should be. */
export const claims = ({ sandbox, chainguard }: Pick<TrustTest, 'sandbox' | 'chainguard'>): ClaimMatch => ({
  issuer: sandbox.cluster.issuer,
  subject,
  audience: chainguard.url,
})
