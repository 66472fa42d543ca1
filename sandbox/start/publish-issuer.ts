/** Publishes the cluster's discovery document and JWKS in a public bucket. */
import type { ObjectStore } from '../gcp/storage/object-store.ts'
import type { KubernetesApi } from '../kubernetes/kubernetes-api.ts'

const documents = ['/openid/v1/jwks', '/.well-known/openid-configuration'] // keys first: the discovery document refers to them

/** The issuer is `https://HOST/BUCKET`. */
export async function publishIssuer(cluster: KubernetesApi, store: ObjectStore, admin: string): Promise<void> {
  const bucket = new URL(cluster.issuer).pathname.slice(1)
  for (const path of documents) {
    const { status, headers, body } = await cluster.handle({
      method: 'GET',
      path,
      query: new URLSearchParams(),
      headers: { accept: '*/*' },
      body: Buffer.alloc(0),
      clientName: admin,
      signal: new AbortController().signal,
    })
    if (status !== 200 || typeof body !== 'string') throw new Error(`the cluster responded with ${status} for ${path}`)
    const contentType = headers?.['content-type'] ?? 'application/json'
    store.put(bucket, path.slice(1), { contentType, cacheControl: 'public, max-age=300', body })
  }
}
