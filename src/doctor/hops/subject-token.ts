/** Hop `subject-token`: each registry has a token of this cluster that its vendor would accept by its claims. */

import { PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { rfc3339 } from '../../text/time.ts'
import { exchangesSource } from '../facts/exchanges.ts'
import { type IssuerFacts, issuersSource } from '../facts/issuers.ts'
import { admissionsSource, claimsFault, isToken, type TokenFacts, tokensSource, whereOf } from '../facts/tokens.ts'
import { dependencyFailed, failedBy, type HopFinding, type Remedy } from '../finding.ts'
import { defineHop, type Hop, type View } from '../hop.ts'
import { type PrintedCommands, setsBack } from '../printed-commands.ts'
import { nameRegistry } from '../request.ts'
import { hasSucceeded } from './issuer/documents.ts'
import { publicationOfIssuer } from './issuer/publish.ts'

const hop = 'subject-token'

export const subjectTokenHop: Hop = defineHop({
  name: hop,
  needs: {
    tokens: tokensSource,
    issuers: issuersSource,
    admissions: admissionsSource,
    exchanges: exchangesSource,
  },
  after: ['cluster', 'clock', 'discovery'],
  evaluate({ tokens, issuers, admissions, exchanges }, view) {
    const { found, request } = view
    const others = issuers.filter((facts) => {
      const isUnreadable = found
        .of('discovery')
        .some(({ about, result }) => about === facts.token.issuer && result === 'failed')
      const publication = publicationOfIssuer(facts, { admissions, issuers }, request.commands)
      return !isUnreadable && publication?.code !== 'TOKEN_ISSUER_MISMATCH'
    })
    return [
      ...tokens.map((facts) => evaluateToken(facts, view)),
      ...others.flatMap((facts) => evaluateTokenIssuer(facts, hasSucceeded(exchanges) ? 'warning' : 'failed')),
    ]
  },
})

/** `view`: of a hop after `cluster` and `clock`. */
export function evaluateToken(facts: TokenFacts, { found, now, request: { commands } }: View): HopFinding {
  const { exchangeRequest, from, got } = facts
  const about = nameRegistry(exchangeRequest)
  if (got === 'not used')
    return { hop, about, result: 'skipped', code: 'NOT_NEEDED', seen: 'the credential is not from a token' }
  const clusterFailure = found.failure('cluster')
  if (got === 'no cluster' && clusterFailure !== undefined) return dependencyFailed(hop, about, clusterFailure)
  if (got === 'not here' || got === 'no cluster') return notHere(about, from)
  if (!isToken(got)) return failedBy(hop, about, got, remedyOfFault(got, facts, commands))
  const fault = claimsFault(got, facts, now)
  const where = whereOf(from)
  if (fault === undefined) {
    const seen = `${got.subject}, until ${rfc3339(got.expiresAt)}, from ${where}`
    return { hop, about, result: 'ok', code: 'OK', seen }
  }
  const clockFailure = found.failure('clock')
  const isOfClock = fault === 'not yet valid' || fault.code === 'TOKEN_EXPIRED'
  if (isOfClock && clockFailure !== undefined) return dependencyFailed(hop, about, clockFailure)
  if (fault === 'not yet valid') return notYetValid(about, where, { token: got, now })
  return failedBy(hop, about, fault, remedyOfFault(fault, facts, commands))
}

function notHere(about: string, from: TokenFacts['from']): HopFinding {
  return {
    hop,
    about,
    result: 'skipped',
    code: 'TOKEN_FILE_ELSEWHERE',
    seen: `${from.kind === 'file' ? `${from.path} is a file in the pod that refreshes` : 'no token was requested'}; token, issuer, exchange and registry were not checked`,
    remedy: {
      words:
        'run pullpass doctor in that pod, or request a token of its service account: --service-account NAMESPACE/NAME',
    },
  }
}

function notYetValid(about: string, where: string, { token, now }: { token: SubjectToken; now: Date }): HopFinding {
  return {
    hop,
    about,
    result: 'failed',
    code: 'TOKEN_NOT_YET_VALID',
    seen: `${where} was issued at ${rfc3339(token.issuedAt ?? now)}, which is in the future`,
    expected: `a token that was issued in the past: the clock of this machine shows ${rfc3339(now)}`,
    remedy: {
      words: 'synchronize the clocks of this machine (in a pod: its node) and of the control plane by NTP',
    },
  }
}

/** A projected token is mounted by what `pullpass manifests` prints; the account of a requested one is in the document. */
function remedyOfFault(fault: PullpassError, { from }: TokenFacts, commands: PrintedCommands): Remedy {
  const { code, hint = '', cause, details } = fault
  if (from.kind === 'file') {
    const mounted = ['TOKEN_FILE_UNREADABLE', 'TOKEN_MALFORMED', 'TOKEN_EXPIRED', 'AUDIENCE_MISMATCH'].includes(code)
    return mounted && commands.tokenFileOf === 'pod' ? installing(commands.install(undefined), hint) : {}
  }
  if (code !== 'TOKEN_REQUEST_REFUSED') return {}
  const { namespace, name } = from.account
  if (details.missing !== undefined) {
    const create = [
      ...(details.missing === 'Namespace' ? [commands.kubectl('create', 'namespace', namespace)] : []),
      commands.kubectl('create', 'serviceaccount', name, '-n', namespace),
    ]
    return { command: create.join(' && '), words: 'or correct its name' }
  }
  // Otherwise a policy or a webhook refuses it, and no permission is missing.
  const isForbidden = !(cause instanceof PullpassError) || cause.code === 'KUBERNETES_FORBIDDEN'
  return isForbidden ? installing(commands.install(namespace), hint) : {}
}

const installing = (command: string, hint: string): Remedy => ({ command, words: `${hint}; ${setsBack}` })

/** Nothing where the issuer of the cluster is not known. A token of another cluster, or from before a change, is refused. */
function evaluateTokenIssuer({ token, where, cluster }: IssuerFacts, result: 'failed' | 'warning'): HopFinding[] {
  if (cluster === undefined || cluster instanceof PullpassError || cluster.issuer === token.issuer) return []
  return [
    {
      hop,
      about: token.issuer,
      result,
      code: 'TOKEN_ISSUER_MISMATCH',
      seen: `${where} has issuer ${token.issuer}; this cluster issues tokens as ${cluster.issuer}`,
      expected: 'a token of this cluster with its present issuer',
      remedy: {
        words:
          'check that kubeconfig and token belong to the same cluster; after a change of the issuer, a projected token has the old one until the kubelet renews it: recreate the pod',
      },
    },
  ]
}
