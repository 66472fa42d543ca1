/** Whether a refresh lets a token through to its exchange, by what its document says of the issuer's publication: pure. */
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import { failedBy } from '../failed-by.ts'
import type { Finding, Remedy } from '../finding.ts'
import type { AdmissionFacts } from '../gather/gather-admissions.ts'
import type { IssuerFacts } from '../gather/gather-issuers.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { publishTargetOf } from '../remedy/publish-target-of.ts'

interface JudgePublication {
  readonly commands: MendingCommands
  /** Of the token's key; undefined where nothing was read of it. */
  readonly issuer: IssuerFacts | undefined
}

const hop = 'publish'

/** Nothing where no document says where its issuer is public, or where there is no token. */
export function judgePublication(facts: AdmissionFacts, judge: JudgePublication): Finding | undefined {
  const { demand, token, admission } = facts
  const about = demand.document.issuer?.publishTo ?? ''
  const key = `key ${quote(token?.keyId ?? '')}, which signed the token,`
  switch (admission.verdict) {
    case 'not asked':
      return undefined
    case 'public':
      return { hop, about, result: 'ok', code: 'OK', seen: `${key} is public there` }
    case 'to be published': {
      const seen = `${key} is not public there yet; a refresh publishes it before it exchanges the token`
      return { ...failedBy(hop, about, admission.fault, judge.commands.refresh()), result: 'warning', seen }
    }
    case 'unknown here': {
      const seen = `${admission.fault.seen}; whether the pod that refreshes may publish it is not known here`
      return { hop, about, result: 'skipped', code: 'NOT_READABLE', seen }
    }
    case 'refused':
      return failedBy(hop, about, admission.fault, refusedRemedy(admission.fault, judge))
  }
}

/** A token of this cluster, as it signs now, is not what is wrong: the document is, or a roll-out has not begun. */
function refusedRemedy({ code, expected = '' }: PullpassError, { issuer, commands }: JudgePublication): Remedy {
  const cluster = issuer?.cluster
  if (code !== 'TOKEN_ISSUER_WRONG' || cluster === undefined || cluster instanceof PullpassError) return {}
  if (cluster.issuer !== issuer?.token.issuer) return {}
  const place = publishTargetOf(cluster.issuer, commands.storage) ?? 'where that is public'
  const [other = ''] = expected.split(', ')
  const change = commands.cluster('issuer show', '--to-issuer', other)
  return {
    words: `the cluster signs as ${cluster.issuer}: set spec.issuer.publishTo to ${place}; if it is to sign as the other one: ${change}`,
  }
}
