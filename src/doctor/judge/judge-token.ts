/** What is to be said of a registry's subject token before anybody is asked to take it: pure. */
import { requestedAccount } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { checkAudience, checkLifetime } from '../../identity/check-subject-token.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { failedBy } from '../failed-by.ts'
import type { Finding, Remedy } from '../finding.ts'
import { type TokenFacts, whereOf } from '../gather/gather-tokens.ts'
import { notTried } from '../not-tried.ts'
import { type MendingCommands, setsBack } from '../remedy/mending-commands.ts'
import { nameRegistry } from './name-registry.ts'

interface JudgeToken {
  readonly now: Date
  readonly commands: MendingCommands
  /** What failed before: the cluster, or a clock. */
  readonly clusterFailure: Finding | undefined
  readonly clockFailure: Finding | undefined
}

const hop = 'subject-token'
/** As verifiers do. Milliseconds. */
const skewMs = 60_000

export function judgeToken(facts: TokenFacts, judge: JudgeToken): Finding {
  const { demand, from, got } = facts
  const about = nameRegistry(demand)
  if (got === 'no cluster' && judge.clusterFailure !== undefined) return notTried(hop, about, judge.clusterFailure)
  if (got === 'not here' || got === 'no cluster') return notHere(about, from)
  if (got instanceof PullpassError) {
    const failed = failedBy(hop, about, got, remedyOf(got, facts, judge.commands))
    const isOfFlag = from.kind === 'requested' && requestedAccount(demand.document, demand.registry) === undefined
    return isOfFlag
      ? { ...failed, expected: got.expected?.replace('spec.serviceAccountRef', '--service-account') }
      : failed
  }
  return judgeClaims(got, facts, judge)
}

function notHere(about: string, from: TokenFacts['from']): Finding {
  return {
    hop,
    about,
    result: 'skipped',
    code: 'TOKEN_FILE_ELSEWHERE',
    seen: `${from.kind === 'file' ? `${from.path} is a file of the pod that refreshes` : 'the cluster was not asked'}; no token, no issuer, no exchange and no registry was looked at`,
    remedy: {
      words:
        'run pullpass doctor in that pod, or name its service account, whose token is then requested: --service-account NAMESPACE/NAME',
    },
  }
}

function judgeClaims(token: SubjectToken, facts: TokenFacts, { now, commands, clockFailure }: JudgeToken): Finding {
  const { demand, from } = facts
  const about = nameRegistry(demand)
  const where = whereOf(from)
  const { registry, audiences } = demand
  const early = token.issuedAt !== undefined && token.issuedAt.getTime() - skewMs > now.getTime()
  const stale = checkLifetime(token, where, now)
  if ((early || stale !== undefined) && clockFailure !== undefined) return notTried(hop, about, clockFailure)
  if (early) return notYetValid(about, where, { token, now })
  const fault =
    stale ??
    checkAudience(token, where, { audiences, host: registry.hosts[0] ?? registry.name }) ??
    demand.checkSubject(token.subject, where)
  if (fault !== undefined) return failedBy(hop, about, fault, remedyOf(fault, facts, commands))
  const until = token.expiresAt.toISOString()
  const seen = `${token.subject}, until ${until}, from ${where}`
  return { hop, about, result: 'ok', code: 'OK', seen }
}

function notYetValid(about: string, where: string, { token, now }: { token: SubjectToken; now: Date }): Finding {
  return {
    hop,
    about,
    result: 'failed',
    code: 'TOKEN_NOT_YET_VALID',
    seen: `${where} was issued at ${token.issuedAt?.toISOString()}, which is to come`,
    expected: `a token of the past: this machine's clock says ${now.toISOString()}`,
    remedy: {
      words: "set the clocks of this machine (in a pod: of its node) and of the cluster's control plane right, by NTP",
    },
  }
}

/** A projected token is mounted by what `pullpass manifests` prints; whose a requested one is, is told by the document. */
function remedyOf(
  { code, seen, hint = '', cause }: PullpassError,
  { from }: TokenFacts,
  commands: MendingCommands,
): Remedy {
  if (from.kind === 'requested') {
    if (code !== 'TOKEN_REQUEST_REFUSED') return {}
    const { namespace, name } = from.account
    const make = [
      ...(seen.startsWith('Namespace ') ? [commands.kubectl('create', 'namespace', namespace)] : []),
      commands.kubectl('create', 'serviceaccount', name, '-n', namespace),
    ]
    const isAbsent = /^(?:Namespace|ServiceAccount) /.test(seen)
    // A policy, or a webhook: no right is missing.
    if (cause instanceof PullpassError && cause.code !== 'KUBERNETES_FORBIDDEN' && !isAbsent) return {}
    return isAbsent
      ? { command: make.join(' && '), words: 'or correct its name' }
      : installing(commands.install(namespace), hint)
  }
  const mounted = ['TOKEN_FILE_UNREADABLE', 'TOKEN_MALFORMED', 'TOKEN_EXPIRED', 'AUDIENCE_MISMATCH'].includes(code)
  return mounted ? installing(commands.install(undefined), hint) : {}
}

const installing = (command: string, hint: string): Remedy => ({ command, words: `${hint}; ${setsBack}` })
