/** Findings about the URL of an issuer, independent of its documents. */

import { isPrivateAddress } from '../../http/addresses.ts'
import { checkIssuerUrl } from '../issuer-url.ts'
import type { HostFacts, PublicFacts } from '../public/public-facts.ts'
import type { IssuerFinding } from './finding.ts'
import type { VerifierRules } from './issuer-requirements.ts'

export function urlFindings({ issuer, managedService }: PublicFacts, rules: VerifierRules): IssuerFinding[] {
  const unusable = checkIssuerUrl(issuer, 'the issuer')
  if (unusable !== undefined) {
    const { seen, expected = '' } = unusable
    return [{ result: 'failed', code: 'ISSUER_UNUSABLE', seen, fix: `choose another issuer: ${expected}` }]
  }
  return [...portFindings(issuer, rules), ...lengthFindings(issuer, rules), ...slashFindings(issuer, managedService)]
}

function portFindings(issuer: string, { port: result }: VerifierRules): IssuerFinding[] {
  const port = /^https:\/\/[^/]*:(\d+)(\/|$)/.exec(issuer)?.[1]
  if (port === undefined || result === undefined) return []
  const seen = `the issuer names port ${port}; ${result === 'failed' ? 'a URL with a port is refused' : 'whether ports other than 443 are requested is not documented'}`
  return [{ result, code: 'ISSUER_PORT', seen, fix: 'serve the documents at port 443, and omit the port from the URL' }]
}

function lengthFindings(issuer: string, { longestIssuer: longest }: VerifierRules): IssuerFinding[] {
  if (longest === undefined || issuer.length <= longest) return []
  const seen = `the issuer has ${issuer.length} characters; at most ${longest} are taken`
  return [{ result: 'failed', code: 'ISSUER_TOO_LONG', seen, fix: 'choose a shorter path' }]
}

/** The issuers of some managed services end in one. */
function slashFindings(issuer: string, managedService: string | undefined): IssuerFinding[] {
  if (!issuer.endsWith('/') || managedService !== undefined) return []
  const seen = 'the issuer ends in a slash, which every token and every trust configuration must then contain'
  return [
    {
      result: 'warning',
      code: 'ISSUER_TRAILING_SLASH',
      seen,
      fix: 'omit the slash, unless the issuer is already trusted',
    },
  ]
}

/** Findings about the server of an issuer's documents: its address and its certificate. */
export function hostFindings({ hosts }: PublicFacts, rules: VerifierRules): IssuerFinding[] {
  return hosts.flatMap((host) => [...addressFindings(host, rules), ...certificateFindings(host, rules)])
}

function addressFindings({ host, addresses }: HostFacts, { privateAddress: result }: VerifierRules): IssuerFinding[] {
  const inside = addresses.filter(isPrivateAddress)
  if (inside.length === 0) return []
  const seen = `${host} resolves to ${inside.join(', ')} on this machine, which is not reachable from the internet`
  const fix =
    'serve the documents at a public address; if only this machine resolves the host to that address, check from another machine'
  return [{ result, code: 'ISSUER_ADDRESS_PRIVATE', seen, fix }]
}

/** Independent of the authority: trusting it does not fix these. */
const broken: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another name',
}

function certificateFindings({ host, untrusted }: HostFacts, { privateAuthority }: VerifierRules): IssuerFinding[] {
  if (untrusted === undefined) return []
  const code = 'CERTIFICATE_UNTRUSTED'
  const predicate = broken[untrusted]
  if (predicate !== undefined) {
    const seen = `the certificate of ${host} ${predicate} (${untrusted})`
    return [{ result: 'failed', code, seen, fix: 'renew the certificate, for this name' }]
  }
  const seen = `the certificate of ${host} is not issued by a public authority (${untrusted}): this machine may trust it, a cloud does not`
  return [{ code, seen, ...privateAuthority }]
}
