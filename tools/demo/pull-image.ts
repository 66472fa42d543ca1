/**
 * Pulls an image: challenge, token, manifest, config and layers, with verification of digests.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'

export interface PulledImage {
  readonly digest: string
  readonly blobs: readonly { readonly kind: 'config' | 'layer'; readonly digest: string; readonly bytes: number }[]
}

/** An error response of the registry. */
export class PullRefused extends Error {}

/** `image`: HOST/REPOSITORY:TAG. `auth`: base64 of `user:password`, as in a dockerconfigjson. */
export async function pullImage(image: string, ca: string, auth: string | undefined): Promise<PulledImage> {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(image) ?? []
  const base = `https://${host}/v2/${repository}`
  const challenge = await sendRequest(`${base}/manifests/${tag}`, ca)
  const realm = /realm="([^"]+)"/.exec(challenge.headers['www-authenticate'] ?? '')?.[1]
  const scope = encodeURIComponent(`repository:${repository}:pull`)
  const granted = await download(`${realm}?scope=${scope}`, ca, auth === undefined ? undefined : `Basic ${auth}`)
  const { token }: { token: string } = JSON.parse(granted.toString())
  const bearer = `Bearer ${token}`

  const manifest = await download(`${base}/manifests/${tag}`, ca, bearer)
  const { config, layers }: Manifest = JSON.parse(manifest.toString())
  const blobs: PulledImage['blobs'][number][] = []
  for (const { digest } of [config, ...layers]) {
    const blob = await download(`${base}/blobs/${digest}`, ca, bearer)
    if (digestOf(blob) !== digest) throw new Error(`blob ${digest} has digest ${digestOf(blob)}`)
    blobs.push({ kind: digest === config.digest ? 'config' : 'layer', digest, bytes: blob.length })
  }
  const digest = digestOf(manifest)
  await download(`${base}/manifests/${digest}`, ca, bearer) // the registry also serves the manifest by digest
  return { digest, blobs }
}

interface Manifest {
  readonly config: { readonly digest: string }
  readonly layers: readonly { readonly digest: string }[]
}

interface RegistryResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

async function download(url: string, ca: string, authorization: string | undefined): Promise<Buffer> {
  const { status, body } = await sendRequest(url, ca, authorization)
  if (status !== 200) throw new PullRefused(`${status} ${body.toString().trim()}`)
  return body
}

function sendRequest(url: string, ca: string, authorization?: string): Promise<RegistryResponse> {
  const accept = 'application/vnd.oci.image.manifest.v1+json'
  const headers = authorization === undefined ? { accept } : { accept, authorization }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ca, headers }, (response) => {
      const collected = response.toArray().then((chunks) => Buffer.concat(chunks))
      collected.then((body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }), reject)
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
