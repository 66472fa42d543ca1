/** What speaks against whoever serves an issuer's documents: where it is, and who vouches for it. */
import { isPrivateAddress } from '../../../outside/is-private-address.ts'
import type { CloudRules } from '../cloud.ts'
import type { IssuerFinding } from '../issuer-finding.ts'
import type { HostFacts, PublicFacts } from '../public-facts.ts'

export function hostFindings({ hosts }: PublicFacts, rules: CloudRules): IssuerFinding[] {
  return hosts.flatMap((host) => [...addressFindings(host, rules), ...certificateFindings(host, rules)])
}

function addressFindings({ host, addresses }: HostFacts, { privateAddress: level }: CloudRules): IssuerFinding[] {
  const inside = addresses.filter(isPrivateAddress)
  if (inside.length === 0) return []
  const says = `${host} is ${inside.join(', ')} as this machine resolves it: no way leads there from the internet`
  const fix = 'serve the documents at a public address; where only this machine resolves it so, check from elsewhere'
  return [{ level, word: 'ADDRESS_PRIVATE', says, fix }]
}

/** Not a matter of who signed it: no trust of anybody mends these. */
const broken: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another name',
}

function certificateFindings({ host, untrusted }: HostFacts, { privateAuthority }: CloudRules): IssuerFinding[] {
  if (untrusted === undefined) return []
  const word = 'CERTIFICATE_UNTRUSTED'
  const flaw = broken[untrusted]
  if (flaw !== undefined) {
    const says = `the certificate of ${host} ${flaw} (${untrusted})`
    return [{ level: 'problem', word, says, fix: 'renew the certificate, for this name' }]
  }
  const says = `no public authority vouches for ${host} (${untrusted}): what this machine trusts, a cloud does not`
  return [{ level: privateAuthority.level, word, says, fix: privateAuthority.fix }]
}
