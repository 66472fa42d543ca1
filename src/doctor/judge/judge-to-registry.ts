/** What is to be said of the way from the subject token to the registry: pure. */
import type { Document } from '../../document/document.ts'
import { environmentSource } from '../../document/document-from-environment.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Demand } from '../../refresh/demand.ts'
import { matchImage } from '../../registry/match-image.ts'
import type { Asked, WantedImage } from '../asked.ts'
import type { Finding } from '../finding.ts'
import type { WayFacts } from '../gather/way-facts.ts'
import { fieldName } from './field-words.ts'
import { judgeClocks } from './judge-clocks.ts'
import { judgeExchange, type TrustRemedy } from './judge-exchange.ts'
import { judgeIssuers } from './judge-issuers.ts'
import { judgePull } from './judge-pull.ts'
import { judgeToken } from './judge-token.ts'
import { trustRemedy } from './judge-trust.ts'

export interface JudgeWay {
  readonly asked: Asked
  readonly images: readonly WantedImage[]
  readonly clusterFailure: Finding | undefined
  readonly now: Date
}

export function judgeToRegistry(way: WayFacts, judge: JudgeWay): Finding[] {
  const { asked, clusterFailure, now } = judge
  const { commands } = asked
  const remedyOf: TrustRemedy = (fault) => trustRemedy(way.trust, fault, commands)
  const clocks = judgeClocks(way.clocks, now, harmOf(way))
  const clock = clocks.find(({ result }) => result === 'failed')
  const succeeded = way.exchanges.some(({ result }) => result !== undefined && !(result instanceof PullpassError))
  const tokens = way.tokens.map((facts) => judgeToken(facts, { now, commands, clusterFailure, clockFailure: clock }))
  const issuers = judgeIssuers(way, { asked, exchange: succeeded ? 'succeeded' : 'refused' })
  const exchanges = way.exchanges.map((facts, index) => {
    const token = tokens[index]
    return token === undefined
      ? []
      : judgeExchange(facts, { token, clock, publish: issuers.publish[index], issuer: issuers.found }, remedyOf)
  })
  const lastHop = (demand: Demand) => exchanges[way.exchanges.findIndex((one) => one.demand === demand)]?.at(-1)
  const pulls = way.pulls.flatMap((facts) => {
    const before = lastHop(facts.demand)
    return before === undefined ? [] : [judgePull(facts, before, remedyOf)]
  })
  return [...clocks, ...tokens, ...issuers.found, ...exchanges.flat(), ...judgeMatching(judge), ...pulls]
}

/** Whether anything went wrong that a clock can be the reason of. */
function harmOf({ tokens, exchanges }: WayFacts): 'harm' | 'no harm' {
  const refused = exchanges.some(({ result }) => result === undefined || result instanceof PullpassError)
  return refused && tokens.some(({ got }) => typeof got === 'object' && !(got instanceof PullpassError))
    ? 'harm'
    : 'no harm'
}

/** An image that no registry of the documents serves: a kubelet pulls it without them. */
function judgeMatching({ images, asked }: JudgeWay): Finding[] {
  const hosts = asked.documents.flatMap(({ registries }) => registries.flatMap((registry) => registry.hosts))
  const [first] = images
  if (first === undefined || images.some(({ reference }) => matchImage(hosts, reference).length > 0)) return []
  const names = images.map(({ name }) => name).join(', ')
  const { host, repository } = first.reference
  return [
    {
      hop: 'registry',
      about: names,
      result: 'failed',
      code: 'IMAGE_NOT_MATCHED',
      seen: `no host of the documents fits ${names}: they have ${[...new Set(hosts)].join(', ')}`,
      expected: `${host}, or ${host}/${repository.replace(/[^/]*$/, '')}, as kubelets compare it: the port too, and the path as a beginning`,
      remedy: { words: `name ${host} ${whereHostsAre(asked.documents)}, or correct the image's name` },
    },
  ]
}

const whereHostsAre = (documents: readonly Document[]): string =>
  documents.every(({ source }) => source === environmentSource)
    ? `in ${fieldName({ source: environmentSource }, 'registries.hosts')}`
    : `under hosts of a registry in ${documents.map(({ source }) => source).join(', ')}`
