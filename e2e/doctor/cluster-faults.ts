/** Faults of a real cluster: rights, accounts, namespaces. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderKubeconfig } from '../parts/control-plane/render-kubeconfig.ts'
import type { DoctorGround } from './open-ground.ts'
import type { RealFault } from './real-fault.ts'

const hop = 'rights'
const code = 'PERMISSION_MISSING'
const installed = { installed: 'by manifests' } as const
const apply =
  /^pullpass manifests -f \S+ -n \S+-system --image \S+ \| kubectl apply --server-side --force-conflicts -f -$/

const role = ({ namespace, system }: DoctorGround) => `role pullpass.${system} -n ${namespace}`

/** As `kubectl edit` does it: the rules are the editor's from then on. */
const editRules = (ground: DoctorGround, rules: readonly object[]) =>
  ground.stage.succeed(
    `kubectl patch ${role(ground)} --type=merge --field-manager=kubectl-edit -p '${JSON.stringify({ rules })}'`,
  )

const rule = (resource: string, name: string, ...verbs: readonly string[]) => ({
  apiGroups: [''],
  resources: [resource],
  resourceNames: [name],
  verbs,
})

/** A kubeconfig of the account itself, as if doctor ran in its pod. */
async function asAccount({ stage, system }: DoctorGround): Promise<Readonly<Record<string, string>>> {
  const token = await stage.succeed(`kubectl create token pullpass -n ${system}`)
  const file = join(stage.folder, `${system}.kubeconfig`)
  await writeFile(file, renderKubeconfig(stage.plane, token.trim()), { mode: 0o600 })
  return { KUBECONFIG: file }
}

export const clusterFaults: readonly RealFault[] = [
  {
    title: 'the Role of who refreshes was deleted',
    ground: installed,
    plant: (ground) => ground.stage.succeed(`kubectl delete ${role(ground)}`),
    refresher: 'named',
    hop,
    code,
    runs: apply,
  },
  {
    title: 'the RoleBinding of who refreshes was deleted',
    ground: installed,
    plant: ({ stage, namespace, system }) =>
      stage.succeed(`kubectl delete rolebinding pullpass.${system} -n ${namespace}`),
    refresher: 'named',
    hop,
    code,
    runs: apply,
  },
  {
    title: 'somebody edited the right to patch the Secret out of the Role',
    ground: installed,
    plant: (ground) =>
      editRules(ground, [
        rule('secrets', 'regcred', 'list', 'create'),
        rule('serviceaccounts', 'default', 'list', 'patch'),
      ]),
    refresher: 'named',
    hop,
    code,
    runs: apply,
  },
  {
    title: 'somebody edited the service accounts out of the Role',
    ground: installed,
    plant: (ground) => editRules(ground, [rule('secrets', 'regcred', 'list', 'create', 'patch')]),
    refresher: 'named',
    hop,
    code,
    runs: apply,
  },
  {
    title: 'who refreshes may not request its own token, as seen from its pod',
    ground: installed,
    plant: ({ stage, system }) => stage.succeed(`kubectl delete role pullpass.${system} -n ${system}`),
    as: asAccount,
    everywhere: true,
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    runs: apply,
  },
  {
    title: 'the service account whose token is requested was deleted',
    plant: ({ stage, system }) => stage.succeed(`kubectl delete serviceaccount pullpass -n ${system}`),
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    runs: /^kubectl create serviceaccount pullpass -n \S+-system$/,
  },
  {
    title: 'the namespace of the service account whose token is requested was deleted',
    plant: ({ stage, system }) => stage.succeed(`kubectl delete namespace ${system} --timeout=40s`),
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    runs: /^kubectl create namespace (\S+) && kubectl create serviceaccount pullpass -n \1$/,
  },
  {
    title: 'a namespace that the document names was deleted',
    ground: { second: 'made' },
    plant: ({ stage, namespace }) => stage.succeed(`kubectl delete namespace ${namespace}-b --timeout=40s`),
    everywhere: true,
    hop: 'namespace',
    code: 'NAMESPACE_NOT_FOUND',
    runs: /^kubectl create namespace \S+-b && pullpass refresh -f /,
  },
]
