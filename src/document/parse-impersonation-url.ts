/**
 * Where a credential file has the token of a service account asked for, in its two parts. Whose the origin is, is for the reader
 * to judge. https://google.aip.dev/auth/4117
 */

export interface Impersonation {
  readonly origin: string
  readonly email: string
}

export function parseImpersonationUrl(url: string): Impersonation | undefined {
  const { origin, email } = form.exec(url)?.groups ?? {}
  return origin === undefined || email === undefined ? undefined : { origin, email }
}

const form =
  /^(?<origin>https?:\/\/[a-z0-9.:[\]-]+)\/v1\/projects\/-\/serviceAccounts\/(?<email>[a-z0-9.-]+@[a-z0-9.-]+\.gserviceaccount\.com):generateAccessToken$/
