/**
 * External Secrets Operator, as its release is configured by default: a ClusterExternalSecret creates an ExternalSecret in each
 * namespace, and each of these gets a credential from a generator, here an endpoint of the bench.
 * https://external-secrets.io/v0.16.2/api/clusterexternalsecret/
 */
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { parse } from 'yaml'
import { requestAsAdmin } from '../e2e/parts/control-plane/request-kubernetes.ts'
import { renderKubeconfig } from '../e2e/parts/control-plane/users.ts'
import { waitUntil } from '../e2e/parts/process/wait-until.ts'
import { buildGoProgram, goModuleFolder } from '../tools/real-parts/build-go-programs.ts'
import { plainEnvironment } from './candidates.ts'
import type { ControllerProgram } from './controller.ts'
import type { BenchEnvironment } from './start-environment.ts'

const packageName = 'github.com/external-secrets/external-secrets'
const secretName = 'controlled'
const group = 'external-secrets.io'

/** With an object for all namespaces of the bench, and the permissions of an admin. */
export async function externalSecretsController(bench: BenchEnvironment): Promise<ControllerProgram> {
  const program = join(await buildGoProgram('external-secrets'), 'external-secrets')
  const endpoint = await serveCredentials()
  bench.defer(endpoint.close)
  await createDefinitions(bench)
  const collections = `/apis/generators.${group}/v1alpha1/clustergenerators`
  await requestAsAdmin(bench.admin, { method: 'POST', path: collections, body: generatorOf(endpoint.url) })
  const path = `/apis/${group}/v1/clusterexternalsecrets`
  await requestAsAdmin(bench.admin, { method: 'POST', path, body: clusterExternalSecret })
  const kubeconfig = join(bench.folder, 'admin-kubeconfig')
  await writeFile(kubeconfig, renderKubeconfig(bench.admin, bench.admin.adminToken), { mode: 0o600 })
  return {
    name: 'external-secrets',
    secretName,
    words: (port) => [program, `--metrics-addr=127.0.0.1:${port}`, '--loglevel=error'],
    environment: { ...plainEnvironment(bench), KUBECONFIG: kubeconfig },
    freshCount: (metrics) => (metrics.match(reconciled)?.length ?? 0) - (metrics.match(failed)?.length ?? 0),
    exchanges: endpoint.requests,
  }
}

/** Each has the first one from the end of its first reconciliation on, also if nothing was due. */
const reconciled = /^externalsecret_reconcile_duration\{/gm
const failed = /^externalsecret_status_condition\{condition="Ready",[^}]*status="False"\} 1$/gm

/** All of its module: it watches each kind. */
async function createDefinitions({ admin }: BenchEnvironment): Promise<void> {
  const folder = join(await goModuleFolder('external-secrets', packageName), 'config/crds/bases')
  const files = (await readdir(folder)).filter((file) => file !== 'kustomization.yaml')
  for (const file of files) {
    const body: object = parse(await readFile(join(folder, file), 'utf8'))
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    await requestAsAdmin(admin, { method: 'POST', path, body })
  }
  for (const path of [`/apis/generators.${group}/v1alpha1/clustergenerators`, `/apis/${group}/v1/externalsecrets`]) {
    await waitUntil(path, 60_000, async () => (await requestAsAdmin(admin, { path })).status === 200 || undefined)
  }
}

const generatorOf = (url: string) => ({
  apiVersion: `generators.${group}/v1alpha1`,
  kind: 'ClusterGenerator',
  metadata: { name: 'registry' },
  spec: { kind: 'Webhook', generator: { webhookSpec: { url, method: 'GET', result: { jsonPath: '$' } } } },
})

const clusterExternalSecret = {
  apiVersion: `${group}/v1`,
  kind: 'ClusterExternalSecret',
  metadata: { name: secretName },
  spec: {
    namespaceSelectors: [
      {
        matchExpressions: [
          {
            key: 'kubernetes.io/metadata.name',
            operator: 'NotIn',
            values: ['default', 'image-system', 'kube-system', 'kube-public', 'kube-node-lease'],
          },
        ],
      },
    ],
    externalSecretSpec: {
      refreshInterval: '1h',
      target: {
        name: secretName,
        template: {
          type: 'kubernetes.io/dockerconfigjson',
          data: {
            '.dockerconfigjson':
              '{"auths":{"europe-docker.pkg.dev":{"username":"oauth2accesstoken","password":"{{ .token }}"}}}',
          },
        },
      },
      dataFrom: [
        {
          sourceRef: {
            generatorRef: {
              apiVersion: `generators.${group}/v1alpha1`,
              kind: 'ClusterGenerator',
              name: 'registry',
            },
          },
        },
      ],
    },
  },
}

/** An endpoint that returns a credential without a token: less work than an exchange. */
async function serveCredentials() {
  let requests = 0
  const server = createServer((_, response) => {
    requests += 1
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ token: 'x'.repeat(200) }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    requests: () => requests,
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
