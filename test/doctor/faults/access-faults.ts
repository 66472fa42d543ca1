/** What Google refuses although trust is complete: APIs, perimeters, other repositories, other projects. */
import { readFile } from 'node:fs/promises'
import { packImage } from '../../../sandbox/registry/pack-image.ts'
import type { Fault } from '../fault.ts'
import { email, type World } from '../ground.ts'

const movedUser =
  'principal://iam.googleapis.com/projects/555555555555/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass'
const moved = 'projects/555555555555/locations/global/workloadIdentityPools/pool/providers/cluster'
const second = 'projects/123456789012/locations/global/workloadIdentityPools/second/providers/cluster'
const uid = 'Kc9mFhVgQ2v0Ij-test'

const host = ({ sandbox }: World) => `localhost:${sandbox.parts.registry.port}`

async function podOfImage({ send, makePod }: World, image: string): Promise<void> {
  await send('DELETE', '/api/v1/namespaces/team-a/pods/web-0')
  await makePod({ containers: [{ name: 'web', image }] })
}

/** A second registry of the document, with a provider in a pool of its own. */
const secondRegistry = [
  '    - name: second',
  '      hosts: [registry.example.com]',
  '      hostPolicy: Any',
  '      gcp:',
  `        workloadIdentityProvider: ${second}`,
  '        trust:',
  '          repository: projects/example-project/locations/europe/repositories/images',
  '  attachToServiceAccounts: [default]',
  '  serviceAccountRef: {namespace: image-system, name: pullpass}',
].join('\n')

export const accessFaults: readonly Fault[] = [
  {
    title: 'the IAM Credentials API is disabled in the project of the pool',
    plant: ({ sandbox }) => sandbox.gcp.services.disable('123456789012', 'iamcredentials.googleapis.com'),
    hop: 'impersonation',
    code: 'API_DISABLED',
    seen: /IAM Service Account Credentials API has not been used in project 123456789012 before/,
    fix: /^gcloud services enable iamcredentials\.googleapis\.com --project=123456789012\nan owner of project 123456789012 can enable it/,
    repair: 'command',
    imitated: 'gcloud',
  },
  {
    title: 'the Security Token Service API is disabled in the project of the pool',
    plant: ({ sandbox }) => sandbox.gcp.services.disable('123456789012', 'sts.googleapis.com'),
    hop: 'exchange',
    code: 'API_DISABLED',
    fix: /^gcloud services enable sts\.googleapis\.com --project=123456789012\n/,
    repair: 'command',
    imitated: 'gcloud',
  },
  {
    title: 'the Artifact Registry API is disabled in the project of the repository',
    plant: ({ sandbox }) => sandbox.gcp.services.disable('example-project', 'artifactregistry.googleapis.com'),
    hop: 'registry',
    code: 'API_DISABLED',
    seen: /Artifact Registry API has not been used in project 123456789012 before/,
    fix: /^gcloud services enable artifactregistry\.googleapis\.com --project=123456789012\nan owner/,
    repair: 'command',
    imitated: 'gcloud',
  },
  {
    title: 'a perimeter of VPC Service Controls keeps the cluster out of IAM Credentials',
    plant: ({ sandbox }) => sandbox.gcp.services.protect('iamcredentials.googleapis.com', uid),
    hop: 'impersonation',
    code: 'PERIMETER_DENIED',
    fix: new RegExp(
      `^request an ingress rule from an administrator of your organization's access policy; to find the reason, search the audit log for vpcServiceControlsUniqueIdentifier ${uid}`,
    ),
    repair: ({ sandbox }) => sandbox.gcp.services.admit('iamcredentials.googleapis.com'),
  },
  {
    title: 'a perimeter of VPC Service Controls keeps the cluster out of the registry',
    plant: ({ sandbox }) => sandbox.gcp.services.protect('artifactregistry.googleapis.com', uid),
    hop: 'registry',
    code: 'PERIMETER_DENIED',
    fix: new RegExp(
      `^request an ingress rule from an administrator of your organization's access policy; to find the reason, search the audit log for vpcServiceControlsUniqueIdentifier ${uid}`,
    ),
    repair: ({ sandbox }) => sandbox.gcp.services.admit('artifactregistry.googleapis.com'),
  },
  {
    title: "the pod's image is in another repository than the document's, without a grant",
    async plant(world) {
      const { gcp, images } = world.sandbox
      gcp.repositories.put('projects/example-project/locations/europe/repositories/tools')
      images.putImage('example-project/tools/hello', '1', packImage({ 'hello.txt': 'A tool.\n' }))
      await podOfImage(world, `${host(world)}/example-project/tools/hello:1`)
    },
    image: 'of the pod',
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    fix: new RegExp(
      `^gcloud artifacts repositories add-iam-policy-binding projects/example-project/locations/europe/repositories/tools --role=roles/artifactregistry.reader --member=serviceAccount:${email} --condition=None\\n.* is in projects/example-project/locations/europe/repositories/tools, and the documents configure projects/example-project/locations/europe/repositories/images`,
    ),
    repair: 'command',
    imitated: 'gcloud',
  },
  {
    title: "the document names a provider in a project that is gone, and the account's project has it",
    async document({ gcp, cluster, writeToken }) {
      gcp.projects.put('clusters-project', '555555555555')
      gcp.identity.putProvider({ name: moved, issuerUri: cluster.issuer })
      gcp.accounts.allowTokens(email, movedUser)
      await writeToken({ audiences: [`//iam.googleapis.com/${moved}`] })
      return { provider: moved }
    },
    plant({ sandbox: { gcp } }) {
      for (const name of [moved, moved.replace(/\/providers.*/, '')])
        gcp.identity.write({ name, state: 'DELETED', expireTime: '2026-11-20T00:00:00Z' })
    },
    hop: 'exchange',
    code: 'PROVIDER_NOT_FOUND',
    fix: /^projects\/555555555555\/\S+\/pool does not exist .* projects\/123456789012\/\S+\/providers\/cluster is for the tokens of this cluster: use that one in the documents/,
    async repair({ sandbox, file, pullpass }) {
      await sandbox.write('pull.yaml', (await readFile(file, 'utf8')).replace(moved, sandbox.gcp.provider))
      await sandbox.writeToken()
      await pullpass(['refresh', '-f', file])
    },
  },
  {
    title: 'the provider of a second registry is disabled, and the first one works, under another condition',
    document: ({ gcp, cluster }) => {
      gcp.identity.putProvider({ name: second, issuerUri: cluster.issuer })
      return {
        more: secondRegistry,
        trust: "          attributeCondition: assertion.sub == 'system:serviceaccount:image-system:pullpass'",
      }
    },
    plant({
      sandbox: {
        gcp,
        cluster,
        gcp: { provider },
      },
    }) {
      const attributeCondition = "assertion.sub.startsWith('system:serviceaccount:image-system:')"
      gcp.identity.putProvider({ name: provider, issuerUri: cluster.issuer, attributeCondition })
      gcp.identity.putProvider({ name: second, issuerUri: cluster.issuer, state: 'DISABLED' })
    },
    hop: 'exchange',
    code: 'PROVIDER_NOT_FOUND',
    fix: new RegExp(`^gcloud iam workload-identity-pools providers update-oidc ${second} --no-disabled\\n`),
    repair: 'command',
    imitated: 'gcloud',
  },
]
