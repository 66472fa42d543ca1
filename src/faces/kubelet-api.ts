/**
 * Requests and responses of a kubelet's credential provider plugin: credentialprovider.kubelet.k8s.io/v1.
 * https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/
 */
import type { RegistryCredential } from '../credential/registry-credential.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { asObject, asText, asTexts, jsonOrNone } from '../text/json-fields.ts'
import { quote } from '../text/plain-text.ts'
import { Redacted } from '../text/redacted.ts'

const apiVersion = 'credentialprovider.kubelet.k8s.io/v1'

export interface CredentialProviderRequest {
  /** Without tag and digest, as kubelets send it. */
  readonly image: string
  /** Of the pod's ServiceAccount, for the audience of the provider's tokenAttributes; absent without tokenAttributes. */
  readonly serviceAccountToken: Redacted | undefined
  /** Those that tokenAttributes names. */
  readonly serviceAccountAnnotations: Readonly<Record<string, string>>
}

/** Fields that a newer kubelet may add are ignored, as the API's rules require. @throws REQUEST_INVALID */
export function parseRequest(text: Redacted): CredentialProviderRequest {
  const refuse = (seen: string) =>
    new PullpassError({
      code: 'REQUEST_INVALID',
      hop: 'run',
      seen: `standard input ${seen}`,
      expected: `a CredentialProviderRequest of ${apiVersion}, as a kubelet writes it`,
      hint: 'this command is started by a kubelet; set apiVersion in the CredentialProviderConfig to that version',
    })
  const request = asObject(jsonOrNone(text.reveal()))
  if (request === undefined) throw refuse('is not a JSON object')
  if (request['kind'] !== 'CredentialProviderRequest') throw refuse('is not of kind CredentialProviderRequest')
  const version = asText(request['apiVersion'])
  if (version !== apiVersion)
    throw refuse(`has ${version === undefined ? 'no apiVersion' : `apiVersion ${quote(version)}`}`)
  const image = asText(request['image'])
  if (image === undefined || image === '') throw refuse('names no image')
  const token = asText(request['serviceAccountToken'])
  return {
    image,
    serviceAccountToken: token === undefined || token === '' ? undefined : new Redacted(token),
    serviceAccountAnnotations: asTexts(request['serviceAccountAnnotations']),
  }
}

export interface ProvidedCredential {
  readonly credential: RegistryCredential
  /** What the kubelet may use the credential for: every image of the host, or only this one. */
  readonly cacheKeyType: 'Registry' | 'Image'
  /** How long the kubelet may keep it; 0: not at all. */
  readonly cacheSeconds: number
}

/** One line of JSON. A duration in the format of Go: `3300s`. */
export function renderResponse(provided: ProvidedCredential | 'none'): Redacted {
  const { cacheKeyType, cacheSeconds } = provided === 'none' ? nothing : provided
  const auth = provided === 'none' ? {} : renderAuth(provided.credential)
  return new Redacted(
    JSON.stringify({
      kind: 'CredentialProviderResponse',
      apiVersion,
      cacheKeyType,
      cacheDuration: `${cacheSeconds}s`,
      auth,
    }),
  )
}

const nothing = { cacheKeyType: 'Image', cacheSeconds: 0 } as const

function renderAuth({ hosts, username, password }: RegistryCredential): object {
  const login = { username, password: password.reveal() }
  return Object.fromEntries(hosts.map((host) => [host, login]))
}
