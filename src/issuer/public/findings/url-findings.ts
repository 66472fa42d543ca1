/** What speaks against the URL of an issuer, whatever lies there. */
import { checkIssuerUrl } from '../../documents/check-issuer-url.ts'
import { vendorOfIssuer } from '../../documents/vendor-of-issuer.ts'
import type { CloudRules } from '../cloud.ts'
import type { IssuerFinding } from '../issuer-finding.ts'
import type { PublicFacts } from '../public-facts.ts'

export function urlFindings({ issuer }: PublicFacts, rules: CloudRules): IssuerFinding[] {
  const unusable = checkIssuerUrl(issuer, 'the issuer')
  if (unusable !== undefined) {
    const { seen, expected = '' } = unusable
    return [{ level: 'problem', word: 'URL_UNUSABLE', says: seen, fix: `choose another issuer: ${expected}` }]
  }
  return [...portFindings(issuer, rules), ...lengthFindings(issuer, rules), ...slashFindings(issuer)]
}

function portFindings(issuer: string, { port: level }: CloudRules): IssuerFinding[] {
  const port = /^https:\/\/[^/]*:(\d+)(\/|$)/.exec(issuer)?.[1]
  if (port === undefined || level === undefined) return []
  const says = `the issuer names port ${port}; ${level === 'problem' ? 'a URL with a port is refused' : 'whether any but 443 is asked is not documented'}`
  return [
    { level, word: 'PORT_NAMED', says, fix: 'serve the documents at port 443, and leave the port out of the URL' },
  ]
}

function lengthFindings(issuer: string, { longestIssuer: longest }: CloudRules): IssuerFinding[] {
  if (longest === undefined || issuer.length <= longest) return []
  const says = `the issuer has ${issuer.length} characters; at most ${longest} are taken`
  return [{ level: 'problem', word: 'URL_TOO_LONG', says, fix: 'choose a shorter path' }]
}

/** AKS has one, and everybody who trusts an AKS cluster copies it. */
function slashFindings(issuer: string): IssuerFinding[] {
  if (!issuer.endsWith('/') || vendorOfIssuer(issuer) !== undefined) return []
  const says = 'the issuer ends in a slash, which must then stand in every token and trust alike'
  return [{ level: 'warning', word: 'SLASH_AT_END', says, fix: 'leave the slash out, while nobody trusts it yet' }]
}
