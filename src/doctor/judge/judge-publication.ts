/** Whether a refresh lets a token through to its exchange, by what its document says of the issuer's publication: pure. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { quote } from '../../text/quote.ts'
import { failedBy } from '../failed-by.ts'
import type { Finding, Remedy } from '../finding.ts'
import type { AdmissionFacts } from '../gather/gather-admissions.ts'
import type { IssuerFacts } from '../gather/gather-issuers.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'

interface JudgePublication {
  readonly commands: MendingCommands
  /** Of the token's key; undefined where nothing was read of it. */
  readonly issuer: IssuerFacts | undefined
}

/** Nothing where no document says where its issuer is public, or where there is no token. */
export function judgePublication(
  { demand, token, admission }: AdmissionFacts,
  judge: JudgePublication,
): Finding | undefined {
  const about = demand.document.issuer?.publishTo
  if (about === undefined || admission.verdict === 'not asked') return undefined
  return { hop: 'publish', about, ...judgeVerdict(admission, token?.keyId ?? '', { about, judge }) }
}

type Verdict = Exclude<AdmissionFacts['admission'], { readonly verdict: 'not asked' }>

interface Judging {
  readonly about: string
  readonly judge: JudgePublication
}

function judgeVerdict(verdict: Verdict, keyId: string, { about, judge }: Judging): Omit<Finding, 'hop' | 'about'> {
  const key = `key ${quote(keyId)}, which signed the token,`
  if (verdict.verdict === 'public') return { result: 'ok', code: 'OK', seen: `${key} is public there` }
  const { fault } = verdict
  switch (verdict.verdict) {
    case 'to be published': {
      const seen = `${key} is not public there yet; a refresh publishes it before it exchanges the token`
      return { ...failedBy('publish', about, fault, judge.commands.refresh()), result: 'warning', seen }
    }
    case 'unknown here': {
      const seen = `${fault.seen}; whether the pod that refreshes may publish it is not known here`
      return { result: 'skipped', code: 'NOT_READABLE', seen }
    }
    case 'refused':
      break
  }
  return failedBy('publish', about, fault, refusedRemedy(fault, judge))
}

/** A token of this cluster, as it signs now, is not what is wrong: the document is, or a roll-out has not begun. */
function refusedRemedy({ code, expected = '' }: PullpassError, { issuer, commands }: JudgePublication): Remedy {
  const cluster = issuer?.cluster
  if (code !== 'TOKEN_ISSUER_MISMATCH' || cluster === undefined || cluster instanceof PullpassError) return {}
  if (cluster.issuer !== issuer?.token.issuer) return {}
  const place = commands.targetOf(cluster.issuer) ?? 'where that is public'
  const [other = ''] = expected.split(', ')
  const change = commands.cluster('issuer show', '--to-issuer', other)
  return {
    words: `the cluster signs as ${cluster.issuer}: set spec.issuer.publishTo to ${place}; if it is to sign as the other one: ${change}`,
  }
}
