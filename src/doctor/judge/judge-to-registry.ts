/** What is to be said of the way from the subject token to the registry: pure. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import type { Asked, WantedImage } from '../asked.ts'
import type { Finding } from '../finding.ts'
import type { PodFacts } from '../gather/gather-pod.ts'
import type { WayFacts } from '../gather/way-facts.ts'
import { judgeClocks } from './judge-clocks.ts'
import { judgeExchange, type TrustRemedy } from './judge-exchange.ts'
import { judgeIssuers } from './judge-issuers.ts'
import { judgePull } from './judge-pull.ts'
import { judgeToken } from './judge-token.ts'
import { trustRemedy } from './judge-trust.ts'
import { judgeUnmatched } from './judge-unmatched.ts'

export interface JudgeWay {
  readonly asked: Asked
  readonly images: readonly WantedImage[]
  readonly pod: PodFacts | undefined
  readonly clusterFailure: Finding | undefined
  readonly now: Date
}

export function judgeToRegistry(way: WayFacts, judge: JudgeWay): Finding[] {
  const { asked, clusterFailure, now } = judge
  const { commands } = asked
  const remedyOf = (demand: ExchangeRequest): TrustRemedy => {
    const facts = way.trust.find((one) => one.demand === demand)
    return (fault, image) =>
      facts === undefined ? { words: fault.hint } : trustRemedy(facts, { ...fault, image }, commands)
  }
  const clocks = judgeClocks(way.clocks, now, harmOf(way))
  const clock = clocks.find(({ result }) => result === 'failed')
  const succeeded = way.exchanges.some(({ result }) => result !== undefined && !(result instanceof PullpassError))
  const tokens = way.tokens.map((facts) => judgeToken(facts, { now, commands, clusterFailure, clockFailure: clock }))
  const issuers = judgeIssuers(way, { asked, exchange: succeeded ? 'succeeded' : 'refused' })
  const exchanges = way.exchanges.map((facts, index) => {
    const token = tokens[index]
    return token === undefined
      ? []
      : judgeExchange(
          facts,
          { token, clock, publish: issuers.publish[index], issuer: issuers.found },
          remedyOf(facts.demand),
        )
  })
  const lastHop = (demand: ExchangeRequest) =>
    exchanges[way.exchanges.findIndex((one) => one.demand === demand)]?.at(-1)
  const pulls = way.pulls.flatMap((facts) => {
    const before = lastHop(facts.demand)
    return before === undefined ? [] : [judgePull(facts, before, remedyOf(facts.demand))]
  })
  return [
    ...clocks,
    ...tokens,
    ...issuers.found,
    ...exchanges.flat(),
    ...judgeUnmatched(way.unmatched, judge),
    ...pulls,
  ]
}

/** Whether anything went wrong that a clock can be the reason of. */
function harmOf({ tokens, exchanges }: WayFacts): 'harm' | 'no harm' {
  const refused = exchanges.some(({ result }) => result === undefined || result instanceof PullpassError)
  return refused && tokens.some(({ got }) => typeof got === 'object' && !(got instanceof PullpassError))
    ? 'harm'
    : 'no harm'
}
