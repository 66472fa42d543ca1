/** Installs definitions and admission policies from files in deploy/. */
import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { waitUntil } from '../process/wait-until.ts'
import { type ApiServer, requestAsAdmin, requestKubernetes } from './request-kubernetes.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const clusterPullSecretsPath = '/apis/pullpass.dev/v1alpha1/clusterpullsecrets'

const pullSecretsPath = '/apis/pullpass.dev/v1alpha1/pullsecrets'

export async function installDefinitions(apiServer: ApiServer): Promise<void> {
  for (const document of parseAllDocuments(await readFile('deploy/crds/manifests.yaml', 'utf8'))) {
    const body: object = document.toJS()
    await requestAsAdmin(apiServer, { method: 'POST', path: definitions, body })
  }
  await waitForStatus(apiServer, 200)
}

export async function deleteDefinitions(apiServer: ApiServer): Promise<void> {
  for (const resource of ['clusterpullsecrets', 'pullsecrets'])
    await requestAsAdmin(apiServer, { method: 'DELETE', path: `${definitions}/${resource}.pullpass.dev` })
  await waitForStatus(apiServer, 404)
}

/** Of the collections and of discovery, which follow the definitions separately. */
const waitForStatus = async (apiServer: ApiServer, expected: number) =>
  await waitUntil(`${clusterPullSecretsPath} to return ${expected}`, 20_000, async () => {
    const paths = [clusterPullSecretsPath, pullSecretsPath, '/apis/pullpass.dev/v1alpha1']
    const statuses = await Promise.all(paths.map(async (path) => (await requestKubernetes(apiServer, { path })).status))
    return statuses.every((status) => status === expected) || undefined
  })

/** The admission policies and bindings of a file. */
export async function createPolicies(plane: Parameters<typeof requestAsAdmin>[0], file: string): Promise<void> {
  for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
    const body: { kind: string } = document.toJS()
    const kinds = body.kind.replace(/y$/, 'ies').replace(/g$/, 'gs').toLowerCase()
    await requestAsAdmin(plane, { method: 'POST', path: `/apis/admissionregistration.k8s.io/v1/${kinds}`, body })
  }
}
