/** The definition of ClusterPullSecret in deploy/crds, installed and deleted. */
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { waitUntil } from '../process/wait-until.ts'
import { requestAsAdmin } from './request-as-admin.ts'
import { type ApiServer, requestKubernetes } from './request-kubernetes.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const clusterPullSecretsPath = '/apis/pullpass.dev/v1alpha1/clusterpullsecrets'

export async function installDefinitions(apiServer: ApiServer): Promise<void> {
  const body: object = parse(await readFile('deploy/crds/manifests.yaml', 'utf8'))
  await requestAsAdmin(apiServer, { method: 'POST', path: definitions, body })
  await waitForStatus(apiServer, 200)
}

export async function deleteDefinitions(apiServer: ApiServer): Promise<void> {
  const path = `${definitions}/clusterpullsecrets.pullpass.dev`
  await requestAsAdmin(apiServer, { method: 'DELETE', path })
  await waitForStatus(apiServer, 404)
}

/** Of the collection and of discovery, which follow the definition separately. */
const waitForStatus = async (apiServer: ApiServer, expected: number) =>
  await waitUntil(`${clusterPullSecretsPath} to return ${expected}`, 20_000, async () => {
    const paths = [clusterPullSecretsPath, '/apis/pullpass.dev/v1alpha1']
    const statuses = await Promise.all(paths.map(async (path) => (await requestKubernetes(apiServer, { path })).status))
    return statuses.every((status) => status === expected) || undefined
  })
