/**
 * A cluster's own issuer metadata: its URL, and the keys that sign its tokens.
 * https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
 */

import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { decodeSubjectToken, type SubjectToken } from '../../identity/subject-token.ts'
import { unauthenticated } from '../../kubernetes/connection/api-error.ts'
import type { Cluster, ClusterResponse } from '../../kubernetes/connection/cluster.ts'
import { isAnonymous, parseDenial } from '../../kubernetes/connection/status.ts'
import { requestToken } from '../../kubernetes/objects/request-token.ts'
import { asObject, asText, jsonOrNone } from '../../text/json-fields.ts'
import { plainLine } from '../../text/plain-text.ts'
import { quoteSafely, repeatsSecret } from '../../text/secret-register.ts'
import { shellOperand } from '../../text/shell.ts'
import { type DocumentName, documentPaths } from '../issuer-documents.ts'
import { type IssuerKey, parseJwks } from '../keys.ts'

export interface ClusterIssuer {
  /** `iss` of its tokens. */
  readonly issuer: string
  /** Names an API server: no cloud should read it. */
  readonly jwksUri: string
  /** As this API server serves them; others may have more. */
  readonly keys: readonly IssuerKey[]
}

/** @throws DISCOVERY_FORBIDDEN, DISCOVERY_NOT_FOUND, DISCOVERY_MALFORMED, KUBERNETES_UNREACHABLE, KUBERNETES_UNAUTHENTICATED */
export async function readClusterIssuer(cluster: Cluster): Promise<ClusterIssuer> {
  // One after the other: if the first is refused, no request is in flight when the cluster is closed.
  const discovery = await requestDocument(cluster, 'discovery')
  const jwks = await requestDocument(cluster, 'jwks')
  const document = asObject(jsonOrNone(discovery))
  const issuer = asText(document?.['issuer'])
  const jwksUri = asText(document?.['jwks_uri'])
  const keys = parseJwks(jwks)
  if (!issuer || jwksUri === undefined) throw malformed(cluster, 'discovery', 'it names no issuer or no jwks_uri')
  if (plainLine(issuer) !== issuer) throw malformed(cluster, 'discovery', 'its issuer has control characters')
  if (keys === undefined) throw malformed(cluster, 'jwks', 'it is not a JWKS')
  return { issuer, jwksUri, keys }
}

/** With any media type: for application/json only, the API server responds with 406 for its JWKS. */
async function requestDocument(cluster: Cluster, name: DocumentName): Promise<string> {
  const response = await cluster.request({ method: 'GET', path: `/${documentPaths[name]}`, accept: '*/*' })
  if (response.status === 200 && !repeatsSecret(response.body, cluster.secrets)) return response.body
  if (response.status === 200) throw malformed(cluster, name, 'it repeats a credential of this run')
  throw refused(cluster, name, response)
}

function refused({ server, secrets }: Cluster, name: DocumentName, response: ClusterResponse): PullpassError {
  const where = `${server}/${documentPaths[name]}`
  const message = asText(asObject(jsonOrNone(response.body))?.['message'])
  const words = message ? ` ${quoteSafely(message, secrets)}` : ''
  const seen = `the API server responded with ${response.status}${words} for ${where}`
  if (response.status === 404) {
    return new PullpassError({
      code: 'DISCOVERY_NOT_FOUND',
      hop: 'discovery',
      seen,
      expected: 'the documents of its issuer, which it serves only where --service-account-issuer is an https URL',
      hint: 'set an https issuer; to print the steps by distribution',
      command: 'pullpass issuer show',
    })
  }
  const denial = response.status === 403 ? parseDenial(message ?? '') : undefined
  if (response.status === 401 || (denial !== undefined && isAnonymous(denial))) {
    return new PullpassError({ hop: 'kubernetes', ...unauthenticated(seen) })
  }
  if (response.status === 403) {
    return new PullpassError({
      code: 'DISCOVERY_FORBIDDEN',
      hop: 'discovery',
      seen,
      expected: 'the permission to read them, which ClusterRole system:service-account-issuer-discovery grants',
      hint: 'bind it',
      command: `kubectl create clusterrolebinding pullpass-issuer --clusterrole=system:service-account-issuer-discovery --user=${shellOperand(denial?.user ?? '-')}`,
    })
  }
  return new PullpassError({
    code: 'DISCOVERY_UNAVAILABLE',
    hop: 'discovery',
    seen,
    expected: 'a response with status 200',
    hint: 'check that the server in the kubeconfig is the API server, and that it is healthy',
    retryable: response.status === 429 || response.status >= 500,
  })
}

function malformed({ server }: Cluster, name: DocumentName, what: string): PullpassError {
  return new PullpassError({
    code: 'DISCOVERY_MALFORMED',
    hop: 'discovery',
    seen: `${server}/${documentPaths[name]} responded with 200, but ${what}`,
    expected: 'the document that an API server serves',
    hint: 'check that the server in the kubeconfig is the API server, and that no proxy intercepts the request',
  })
}

// A token that the cluster signs now, for no audience that accepts it: it shows issuer and key, and is verified.

/** An audience that no verifier accepts, for the shortest lifetime that an API server grants. */
export const freshTokenRequest = {
  audience: 'pullpass.dev/issuer',
  lifeSeconds: 600,
  namedBy: '--service-account',
} as const

/** @throws TOKEN_REQUEST_REFUSED, TOKEN_MALFORMED, and what a cluster throws */
export async function freshToken(cluster: Cluster, account: NamespacedName): Promise<SubjectToken> {
  const { value } = await requestToken(cluster, account, freshTokenRequest)
  return decodeSubjectToken(value, `a token fresh from service account ${account.namespace}/${account.name}`)
}
