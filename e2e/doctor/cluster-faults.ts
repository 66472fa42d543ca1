/** Faults of a real cluster: permissions, accounts, namespaces. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderKubeconfig } from '../parts/control-plane/users.ts'
import type { PreparedNamespace } from './prepare-namespace.ts'
import type { RealFault } from './real-fault.ts'

const hop = 'rights'
const code = 'PERMISSION_MISSING'
const installed = { installed: 'by manifests' } as const
const apply =
  /^pullpass manifests -f \S+ -n \S+-system --image \S+ \| kubectl apply --server-side --force-conflicts -f -$/

const role = ({ namespace, system }: PreparedNamespace) => `role pullpass.${system} -n ${namespace}`

/** As `kubectl edit`: the editor owns the rules afterwards. */
const editRules = (prepared: PreparedNamespace, rules: readonly object[]) =>
  prepared.setup.succeed(
    `kubectl patch ${role(prepared)} --type=merge --field-manager=kubectl-edit -p '${JSON.stringify({ rules })}'`,
  )

const rule = (resource: string, name: string, ...verbs: readonly string[]) => ({
  apiGroups: [''],
  resources: [resource],
  resourceNames: [name],
  verbs,
})

/** A kubeconfig of the account, as if doctor ran in its pod. */
async function asAccount({ setup, system }: PreparedNamespace): Promise<Readonly<Record<string, string>>> {
  const token = await setup.succeed(`kubectl create token pullpass -n ${system}`)
  const file = join(setup.folder, `${system}.kubeconfig`)
  await writeFile(file, renderKubeconfig(setup.plane, token.trim()), { mode: 0o600 })
  return { KUBECONFIG: file }
}

export const clusterFaults: readonly RealFault[] = [
  {
    title: 'the Role of the refreshing account was deleted',
    options: installed,
    inject: (prepared) => prepared.setup.succeed(`kubectl delete ${role(prepared)}`),
    refresher: 'named',
    hop,
    code,
    command: apply,
  },
  {
    title: 'the permission of the controller to watch Secrets was removed',
    options: { installed: 'by manifests --controller' },
    inject: ({ setup, system }) => setup.succeed(`kubectl delete clusterrolebinding pullpass.${system}`),
    refresher: 'named',
    hop,
    code,
    command:
      /^pullpass manifests -f \S+ --controller -n \S+-system --image \S+ \| kubectl apply --server-side --force-conflicts -f -$/,
    remainingWarning: 'CONTROLLER_NOT_READY', // there is no kubelet
  },
  {
    title: 'the RoleBinding of the refreshing account was deleted',
    options: installed,
    inject: ({ setup, namespace, system }) =>
      setup.succeed(`kubectl delete rolebinding pullpass.${system} -n ${namespace}`),
    refresher: 'named',
    hop,
    code,
    command: apply,
  },
  {
    title: 'the permission to patch the Secret was removed from the Role',
    options: installed,
    inject: (prepared) =>
      editRules(prepared, [
        rule('secrets', 'regcred', 'list', 'create'),
        rule('serviceaccounts', 'default', 'list', 'patch'),
      ]),
    refresher: 'named',
    hop,
    code,
    command: apply,
  },
  {
    title: 'the permissions on service accounts were removed from the Role',
    options: installed,
    inject: (prepared) => editRules(prepared, [rule('secrets', 'regcred', 'list', 'create', 'patch')]),
    refresher: 'named',
    hop,
    code,
    command: apply,
  },
  {
    title: 'the refreshing account may not request its own token, diagnosed from its pod',
    options: installed,
    inject: ({ setup, system }) => setup.succeed(`kubectl delete role pullpass.${system} -n ${system}`),
    variables: asAccount,
    allNamespaces: true,
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    command: apply,
  },
  {
    title: 'the service account whose token is requested was deleted',
    inject: ({ setup, system }) => setup.succeed(`kubectl delete serviceaccount pullpass -n ${system}`),
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    command: /^kubectl create serviceaccount pullpass -n \S+-system$/,
  },
  {
    title: 'the namespace of the service account whose token is requested was deleted',
    inject: ({ setup, system }) => setup.succeed(`kubectl delete namespace ${system} --timeout=40s`),
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    command: /^kubectl create namespace (\S+) && kubectl create serviceaccount pullpass -n \1$/,
  },
  {
    title: 'a namespace that the document names was deleted',
    options: { second: 'created' },
    inject: ({ setup, namespace }) => setup.succeed(`kubectl delete namespace ${namespace}-b --timeout=40s`),
    allNamespaces: true,
    hop: 'namespace',
    code: 'NAMESPACE_NOT_FOUND',
    command: /^kubectl create namespace \S+-b && pullpass refresh -f /,
  },
]
