/** Faults of a real pull secret: whose it is, and what is in it. */
import { fieldManager } from '../../src/kubernetes/objects/apply-pull-secret.ts'
import type { DoctorGround } from './open-ground.ts'
import type { RealFault } from './real-fault.ts'

const hop = 'secret'
const refresh = /^pullpass refresh -f \S+$/
const type = 'kubernetes.io/dockerconfigjson'

const dataOf = (config: string) => ({ '.dockerconfigjson': Buffer.from(config).toString('base64') })

const authOf = (pair: string) => Buffer.from(pair).toString('base64')

/** As `kubectl edit` does it. */
const edit = ({ stage, namespace }: DoctorGround, config: string) =>
  stage.succeed(
    `kubectl patch secret regcred -n ${namespace} --field-manager=kubectl-edit -p '${JSON.stringify({ data: dataOf(config) })}'`,
  )

const replace = ({ stage, namespace }: DoctorGround, making: string) =>
  stage.succeed(`kubectl delete secret regcred -n ${namespace}; kubectl create secret ${making} -n ${namespace}`)

/** What lies there is written once more as pullpass writes it, but for its password. */
async function restoreOldCredential({ stage, namespace }: DoctorGround): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets/regcred`
  const { metadata }: { metadata: { labels: object; annotations: object } } = JSON.parse(await stage.admin({ path }))
  const { labels, annotations } = metadata
  const host = `localhost:${stage.sandbox.parts.registry.port}`
  const data = dataOf(JSON.stringify({ auths: { [host]: { auth: authOf('oauth2accesstoken:ya29.of-last-week') } } }))
  const manager = fieldManager({ kind: 'ClusterPullSecret', name: namespace })
  await stage.admin({
    method: 'PATCH',
    path: `${path}?fieldManager=${encodeURIComponent(manager)}`,
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'regcred', labels, annotations }, type, data },
  })
}

export const secretFaults: readonly RealFault[] = [
  {
    title: 'the pull secret was deleted',
    plant: ({ stage, namespace }) => stage.succeed(`kubectl delete secret regcred -n ${namespace}`),
    hop,
    code: 'SECRET_NOT_FOUND',
    runs: refresh,
  },
  {
    title: 'a Secret of another type has the name',
    plant: (ground) => replace(ground, 'generic regcred --from-literal=password=of-years'),
    hop,
    code: 'SECRET_TYPE_WRONG',
    runs: /^kubectl delete secret regcred -n \S+ && pullpass refresh -f /,
  },
  {
    title: 'the script of old makes the Secret, with a password',
    plant: (ground) =>
      replace(
        ground,
        'docker-registry regcred --docker-server=registry.example.com --docker-username=a --docker-password=b',
      ),
    hop,
    code: 'SECRET_NOT_OURS',
    runs: /^pullpass refresh -f \S+ --adopt$/,
  },
  {
    title: 'somebody edited the Secret, and auth has no colon',
    plant: (ground) => edit(ground, JSON.stringify({ auths: { 'registry.example.com': { auth: authOf('a-token') } } })),
    hop,
    code: 'SECRET_MALFORMED',
    runs: refresh,
  },
  {
    title: 'somebody put a password of his own into the Secret',
    plant: (ground) => edit(ground, JSON.stringify({ auths: { 'registry.example.com': { auth: authOf('a:b') } } })),
    hop,
    code: 'SECRET_EDITED',
    runs: refresh,
  },
  {
    title: 'a backup brought an old credential back, with all that says whose it is',
    plant: restoreOldCredential,
    hop: 'stored-credential',
    code: 'STORED_CREDENTIAL_REFUSED',
    runs: refresh,
  },
]
