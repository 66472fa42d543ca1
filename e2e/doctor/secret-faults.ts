/** Faults of a real pull secret: its manager and its content. */
import { fieldManager } from '../../src/kubernetes/objects/apply-pull-secret.ts'
import type { PreparedNamespace } from './prepare-namespace.ts'
import type { RealFault } from './real-fault.ts'

const hop = 'secret'
const refresh = /^pullpass refresh -f \S+$/
const type = 'kubernetes.io/dockerconfigjson'

const dataOf = (config: string) => ({ '.dockerconfigjson': Buffer.from(config).toString('base64') })

const authOf = (pair: string) => Buffer.from(pair).toString('base64')

/** As `kubectl edit`. */
const edit = ({ setup, namespace }: PreparedNamespace, config: string) =>
  setup.succeed(
    `kubectl patch secret regcred -n ${namespace} --field-manager=kubectl-edit -p '${JSON.stringify({ data: dataOf(config) })}'`,
  )

const replace = ({ setup, namespace }: PreparedNamespace, making: string) =>
  setup.succeed(`kubectl delete secret regcred -n ${namespace}; kubectl create secret ${making} -n ${namespace}`)

/** Writes the Secret as pullpass writes it, with an old password. */
async function restoreOldCredential({ setup, namespace }: PreparedNamespace): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets/regcred`
  const { metadata }: { metadata: { labels: object; annotations: object } } = JSON.parse(await setup.admin({ path }))
  const { labels, annotations } = metadata
  const host = `localhost:${setup.sandbox.parts.registry.port}`
  const data = dataOf(JSON.stringify({ auths: { [host]: { auth: authOf('oauth2accesstoken:ya29.of-last-week') } } }))
  const manager = fieldManager({ kind: 'ClusterPullSecret', name: namespace })
  await setup.admin({
    method: 'PATCH',
    path: `${path}?fieldManager=${encodeURIComponent(manager)}`,
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'regcred', labels, annotations }, type, data },
  })
}

export const secretFaults: readonly RealFault[] = [
  {
    title: 'the pull secret was deleted',
    inject: ({ setup, namespace }) => setup.succeed(`kubectl delete secret regcred -n ${namespace}`),
    hop,
    code: 'SECRET_NOT_FOUND',
    command: refresh,
  },
  {
    title: 'a Secret of another type has the name',
    inject: (prepared) => replace(prepared, 'generic regcred --from-literal=password=of-years'),
    hop,
    code: 'SECRET_TYPE_WRONG',
    command: /^kubectl delete secret regcred -n \S+ && pullpass refresh -f /,
  },
  {
    title: 'the previous script created the Secret, with a password',
    inject: (prepared) =>
      replace(
        prepared,
        'docker-registry regcred --docker-server=registry.example.com --docker-username=a --docker-password=b',
      ),
    hop,
    code: 'SECRET_NOT_OURS',
    command: /^pullpass refresh -f \S+ --adopt$/,
  },
  {
    title: 'the Secret was edited, and auth has no colon',
    inject: (prepared) =>
      edit(prepared, JSON.stringify({ auths: { 'registry.example.com': { auth: authOf('a-token') } } })),
    hop,
    code: 'SECRET_MALFORMED',
    command: refresh,
  },
  {
    title: 'the password in the Secret was replaced',
    inject: (prepared) =>
      edit(prepared, JSON.stringify({ auths: { 'registry.example.com': { auth: authOf('a:b') } } })),
    hop,
    code: 'SECRET_EDITED',
    command: refresh,
  },
  {
    title: 'a backup restored an old credential with its ownership metadata',
    inject: restoreOldCredential,
    hop: 'stored-credential',
    code: 'STORED_CREDENTIAL_REFUSED',
    command: refresh,
  },
]
