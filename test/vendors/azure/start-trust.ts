/** Runs of `pullpass trust` on a document with azure. */
import type { TestContext } from 'node:test'
import type { Application, FederatedCredential, ManagedIdentity } from '../../../sandbox/azure/directory.ts'
import type { RoleAssignment } from '../../../sandbox/azure/role-assignments.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { type AzureTest, startAzure } from './azure-registry.ts'

const group = '/subscriptions/99999999-8888-4777-8666-555555555555/resourceGroups/images/providers'
export const managedId: string = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/pullpass`

export interface TrustWorld {
  readonly identity?: 'application' | 'managed identity'
  /** More fields of `azure`. */
  readonly more?: string
}

export interface TrustTest extends AzureTest {
  /** The identity that may pull. */
  readonly puller: Application | ManagedIdentity
  /** Path of the document. */
  readonly file: string
  readonly run: (argv: readonly string[], options?: PullpassOptions) => Promise<PullpassRun>
  /** The federated credentials of the identity. */
  readonly credential: () => FederatedCredential[]
  readonly assigned: () => RoleAssignment[]
}

export async function start(
  t: TestContext,
  { identity = 'application', more = '' }: TrustWorld = {},
): Promise<TrustTest> {
  const { sandbox, azure } = await startAzure(t, { trust: 'absent' })
  const managed = identity === 'managed identity' ? azure.directory.addManagedIdentity(managedId) : undefined
  const puller = managed ?? azure.puller
  const trust = `trust: {registryId: ${azure.registryId}${managed === undefined ? '' : `, managedIdentityId: ${managedId}`}}`
  const settings = `tenantId: ${azure.tenantId}, clientId: ${puller.clientId}, registry: ${azure.loginServer}, ${trust}`
  const file = await sandbox.write(
    'pull.yaml',
    `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - name: acr
      hosts: ["127.0.0.1:${sandbox.parts.registry.port}"]
      azure: {${settings}${more && `, ${more}`}}
`,
  )
  const run = (argv: readonly string[], options?: PullpassOptions) =>
    runPullpass(sandbox, [...argv, '-f', file], options)
  const credential = () => [...puller.credentials.values()]
  const assigned = () => [...azure.roleAssignments.all.values()]
  return { sandbox, azure, puller, file, run, credential, assigned }
}
