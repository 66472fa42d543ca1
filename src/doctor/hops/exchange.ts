/** Hop `exchange`, with each step of a vendor's exchange under its own name: the vendor accepts the token and issues a credential. */
import type { RegistryCredential } from '../../credential/registry-credential.ts'
import type { Code, ErrorCode } from '../../errors/codes.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import { rfc3339 } from '../../text/time.ts'
import { type ExchangeFacts, exchangesSource } from '../facts/exchanges.ts'
import { issuersSource } from '../facts/issuers.ts'
import { admissionsSource, tokensSource } from '../facts/tokens.ts'
import { isOfTrust, type TrustFacts, trustSource } from '../facts/trust.ts'
import { dependencyFailed, failedBy, type HopFinding, type Remedy, remedyOf } from '../finding.ts'
import { defineHop, type FactsOf, type Found, type Hop, type View } from '../hop.ts'
import type { PrintedCommands } from '../printed-commands.ts'
import { nameRegistry } from '../request.ts'
import { publicationFindings } from './issuer/publish.ts'
import { evaluateToken } from './subject-token.ts'
import { trustRemedy } from './trust-remedy.ts'

/** Also needed by a hop that calls `exchangeFindings`. */
export const exchangeNeeds: {
  readonly tokens: typeof tokensSource
  readonly issuers: typeof issuersSource
  readonly admissions: typeof admissionsSource
  readonly exchanges: typeof exchangesSource
  readonly trust: typeof trustSource
} = {
  tokens: tokensSource,
  issuers: issuersSource,
  admissions: admissionsSource,
  exchanges: exchangesSource,
  trust: trustSource,
}

/** And its findings are read there. */
export const exchangeAfter = ['cluster', 'clock', 'subject-token', 'publish', 'discovery', 'key', 'signature'] as const

export const exchangeHop: Hop = defineHop({
  name: 'exchange',
  needs: exchangeNeeds,
  after: exchangeAfter,
  evaluate: (facts, view) => inStepOrder(exchangeFindings(facts, view)),
})

/** The first step of each registry, then the second ones, and so on. */
function inStepOrder(registries: readonly (readonly HopFinding[])[]): HopFinding[] {
  const steps = Math.max(0, ...registries.map(({ length }) => length))
  return Array.from({ length: steps }, (_, step) => registries.flatMap((ofOne) => ofOne[step] ?? [])).flat()
}

/** For each exchange, in their order, a finding for each hop of its vendor. */
export function exchangeFindings(facts: FactsOf<typeof exchangeNeeds>, view: View): HopFinding[][] {
  const { found, request } = view
  const publish = publicationFindings(facts, found.of('key'), request.commands)
  return facts.exchanges.map((exchange, index) => {
    const token = facts.tokens[index]
    if (token === undefined) return []
    const before = { token: evaluateToken(token, view), publish: publish[index], found }
    return evaluateExchange(exchange, before, remedyFor(exchange.exchangeRequest, facts.trust, request.commands))
  })
}

/** The fix of a refusal, by what was read at the vendor, or else as the error states it. `image`: that the registry refused. */
export type TrustRemedy = (fault: { readonly code: Code } & Parameters<typeof remedyOf>[0], image?: string) => Remedy

export function remedyFor(
  exchangeRequest: ExchangeRequest,
  trust: readonly TrustFacts[],
  commands: PrintedCommands,
): TrustRemedy {
  const facts = trust.find((one) => one.exchangeRequest === exchangeRequest)
  return (fault, image) =>
    facts === undefined
      ? remedyOf(fault)
      : trustRemedy(facts, { code: fault.code, hint: fault.hint, command: fault.command, image }, commands)
}

/** Of one registry: the findings before its exchange. */
interface Before {
  readonly token: HopFinding
  /** undefined: without a gate. */
  readonly publish: HopFinding | undefined
  readonly found: Found
}

/** Refusals that a finding explains: the vendor's message names one problem only. */
const explained: Readonly<Partial<Record<ErrorCode, readonly string[]>>> = {
  TOKEN_STALE: ['clock'],
  ISSUER_REFUSED: ['subject-token', 'discovery'],
  ISSUER_UNREACHABLE: ['discovery', 'key'],
  SIGNATURE_INVALID: ['signature', 'key'],
  EXCHANGE_REFUSED: ['discovery', 'key', 'signature'],
}

function evaluateExchange(
  { exchangeRequest, result }: ExchangeFacts,
  before: Before,
  remedy: TrustRemedy,
): HopFinding[] {
  const about = nameRegistry(exchangeRequest)
  const { hops } = exchangeRequest
  if (result === undefined) return hops.map((hop) => notExchanged(hop, about, before))
  if (!(result instanceof PullpassError)) {
    return issued(result, { hops, about, remedy })
  }
  const failed = evaluateRefusal(result, about, { found: before.found, remedy })
  const at = hops.map(String).indexOf(result.hop)
  return hops.map((hop, index) => {
    if (index === Math.max(0, at)) return { ...failed, hop }
    if (index < at) return { hop, about, result: 'ok', code: 'OK', seen: 'succeeded' }
    return failed.result === 'failed' ? dependencyFailed(hop, about, failed) : { ...failed, hop }
  })
}

/** A warning is reported at the last hop, which issues the credential. */
function issued(
  { expiresAt, warnings: [warning] = [] }: RegistryCredential,
  { hops, about, remedy }: { hops: ExchangeRequest['hops']; about: string; remedy: TrustRemedy },
): HopFinding[] {
  const seen = expiresAt === undefined ? 'read; its expiry is unknown' : `issued, valid until ${rfc3339(expiresAt)}`
  return hops.map((hop, index) =>
    warning === undefined || index < hops.length - 1
      ? { hop, about, result: 'ok', code: 'OK', seen }
      : {
          hop,
          about,
          result: 'warning',
          code: warning.code,
          seen: `${seen}; ${warning.seen}`,
          remedy:
            warning.code === 'CREDENTIAL_SHORT_LIVED'
              ? remedy({ code: warning.code, hint: warning.fix })
              : { words: warning.fix },
        },
  )
}

function notExchanged(hop: string, about: string, { token, publish }: Before): HopFinding {
  if (token.result === 'failed' || token.because !== undefined) return dependencyFailed(hop, about, token)
  if (token.result === 'ok' && publish !== undefined) return dependencyFailed(hop, about, publish)
  const { code } = token
  const because = { hop: token.hop, code }
  return { hop, about, result: 'skipped', code, seen: 'not tried, without a token', because }
}

function evaluateRefusal(
  fault: PullpassError,
  about: string,
  { found, remedy }: { readonly found: Found; readonly remedy: TrustRemedy },
): HopFinding {
  const hops = explained[fault.code] ?? []
  const failures = found.of(...hops).filter(({ result }) => result === 'failed')
  // A token of another registry explains nothing; an issuer that is not the cluster's does.
  const cause = failures.find(({ hop, code }) => hop !== 'subject-token' || code === 'TOKEN_ISSUER_MISMATCH')
  if (cause !== undefined) {
    const seen = `refused, because of ${cause.hop} ${cause.code}: ${fault.seen}`
    return { ...dependencyFailed('exchange', about, cause), seen }
  }
  // The command of the error may create what was found at the vendor: that of the remedy is the only one.
  return failedBy('exchange', about, fault, isOfTrust(fault) ? { command: undefined, ...remedy(fault) } : {})
}
