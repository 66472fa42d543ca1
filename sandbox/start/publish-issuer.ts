/** Copies the cluster's two OIDC documents into a public bucket, where clouds can read them. */
import type { PublicBucket } from '../google/public-bucket.ts'
import type { KubernetesApi } from '../kubernetes/kubernetes-api.ts'

const documents = ['/openid/v1/jwks', '/.well-known/openid-configuration'] // keys first: what is named must be there

export async function publishIssuer(cluster: KubernetesApi, bucket: PublicBucket, admin: string): Promise<void> {
  const prefix = new URL(cluster.issuer).pathname
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
    if (status !== 200 || typeof body !== 'string') throw new Error(`the cluster answered ${status} for ${path}`)
    bucket.put(prefix + path, {
      contentType: headers?.['content-type'] ?? 'application/json',
      cacheControl: 'public, max-age=300',
      body,
    })
  }
}
