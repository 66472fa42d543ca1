/**
 * The baseline: a process that only applies Secrets, with the concurrency of pullpass and Secrets of the same size, so that
 * the API server does the same work. Its input is in variables: BENCH_SERVER, BENCH_CA_FILE, BENCH_TOKEN, BENCH_NAMESPACES, BENCH_SECRET.
 */
import { readFileSync } from 'node:fs'
import { sendAll } from './http2-loop.ts'

const concurrency = 50
const variable = (name: string) => process.env[name] ?? ''
const name = variable('BENCH_SECRET')
const password = Buffer.from(`${Date.now()}`.padEnd(205, 'x')) // as long as an access token, different in each run
const entry = { username: 'oauth2accesstoken', password: password.toString(), auth: password.toString('base64') }
const now = new Date().toISOString()
const host = 'europe-docker.pkg.dev'
const registries = JSON.stringify({ google: { hosts: [host], expiresAt: now, mintedFrom: 'x'.repeat(22) } })
const data = Buffer.from(JSON.stringify({ auths: { [host]: entry } })).toString('base64')

const manifest = (namespace: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name,
    namespace,
    labels: { 'app.kubernetes.io/managed-by': 'bare' },
    annotations: {
      'bare/document': `ClusterPullSecret/${name}`,
      'bare/target': `${namespace}/${name}`,
      'bare/refreshed-at': now,
      'bare/expires-at': now,
      'bare/registries': registries,
    },
  },
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': data },
})

await sendAll(
  {
    server: variable('BENCH_SERVER'),
    authority: readFileSync(variable('BENCH_CA_FILE'), 'utf8'),
    token: variable('BENCH_TOKEN'),
  },
  variable('BENCH_NAMESPACES')
    .split(',')
    .map((namespace) => ({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/secrets/${name}?fieldManager=bare`,
      contentType: 'application/apply-patch+yaml',
      body: JSON.stringify(manifest(namespace)),
    })),
  concurrency,
)
