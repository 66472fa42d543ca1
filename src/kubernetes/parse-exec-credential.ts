/**
 * The credential that a kubeconfig's program prints. One that is not whole is none: without it pullpass would ask the
 * API server as somebody else, or as nobody.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/#client-authentication-k8s-io-v1-ExecCredentialStatus
 */
import { asObject, type JsonObject, jsonOrNone } from '../outside/json-fields.ts'
import { Redacted } from '../outside/redacted.ts'
import { parseBearer } from './parse-bearer.ts'
import type { PluginCredential } from './plugin-credential.ts'
import { ExecFailed } from './run-exec-plugin.ts'

/** Throws ExecFailed; what was printed is not quoted, since a credential is in there. */
export function parseExecCredential(text: string, now: Date): PluginCredential {
  const status = asObject(asObject(jsonOrNone(text))?.['status'])
  if (!status) throw new ExecFailed('it gave no ExecCredential')
  const token = textOf(status, 'token')
  const clientCertificate = textOf(status, 'clientCertificateData')
  const clientKey = textOf(status, 'clientKeyData')
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new ExecFailed('it gave half a client certificate: certificate and key belong together')
  }
  if (!token && !clientKey) throw new ExecFailed('it gave neither a token nor a client certificate')
  const authorization = token === undefined ? undefined : parseBearer(token)
  if (token && !authorization) throw new ExecFailed('its token is none that fits into a header')
  const expiresAt = expiryOf(status, now)
  return {
    ...(authorization && { authorization }),
    ...(clientCertificate && { clientCertificate }),
    ...(clientKey && { clientKey: new Redacted(clientKey) }),
    ...(expiresAt && { expiresAt }),
  }
}

/** An empty text counts as absent. */
function textOf(status: JsonObject, field: string): string | undefined {
  const value = status[field] ?? ''
  if (typeof value !== 'string') throw new ExecFailed(`its ${field} is no text`)
  return value === '' ? undefined : value
}

function expiryOf(status: JsonObject, now: Date): Date | undefined {
  const text = textOf(status, 'expirationTimestamp')
  if (text === undefined) return undefined
  const expiresAt = new Date(text)
  if (Number.isNaN(expiresAt.getTime())) throw new ExecFailed('its expirationTimestamp is no time')
  if (expiresAt <= now) throw new ExecFailed(`its credential expired at ${expiresAt.toISOString()}`)
  return expiresAt
}
