/**
 * An admission webhook server for the real API server: it changes Secrets, or never responds, depending on the path.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
import { isRecord } from '../../sandbox/kubernetes/objects/kubernetes-object.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxResponse } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'

export interface Webhooks {
  /** The `clientConfig` of a webhook. */
  readonly clientConfig: (path: '/rewrite' | '/stall') => object
  readonly close: () => Promise<void>
}

export async function startWebhooks(): Promise<Webhooks> {
  const authority = await createCertificateAuthority()
  const part = await servePart({
    tls: { authority, http2: 'offered' },
    async handler({ path, body, signal }): Promise<SandboxResponse> {
      if (path === '/stall') {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      }
      return { status: 200, body: review(body.toString()) }
    },
  })
  return {
    clientConfig: (path) => ({ url: `${part.url}${path}`, caBundle: Buffer.from(authority.ca).toString('base64') }),
    close: part.close,
  }
}

/** As for a registry mirror: replaces the content of every Secret, and removes the annotations of pullpass. */
const patch = [
  { op: 'replace', path: '/data/.dockerconfigjson', value: Buffer.from('{"auths":{}}').toString('base64') },
  { op: 'remove', path: '/metadata/annotations' },
]

function review(text: string): object {
  const received: unknown = JSON.parse(text)
  const request = isRecord(received) && isRecord(received['request']) ? received['request'] : {}
  const response = {
    uid: request['uid'],
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
}
