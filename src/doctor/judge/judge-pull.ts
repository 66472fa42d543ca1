/** Whether a registry takes a credential, and for the image in question: pure. */

import type { Code } from '../../errors/codes.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import type { PullTrial } from '../../registry/pull.ts'
import { remedyIn } from '../failed-by.ts'
import type { Finding, Remedy } from '../finding.ts'
import type { PullFacts } from '../gather/gather-pulls.ts'
import { notTried } from '../not-tried.ts'
import type { TrustRemedy } from './judge-exchange.ts'
import { nameRegistry } from './name-registry.ts'

/** `before`: of the exchange, its last hop. */
export function judgePull(facts: PullFacts, before: Finding, remedyOf: TrustRemedy): Finding {
  const { demand, host, image, trial } = facts
  const about = `${image?.name ?? host}, ${nameRegistry(demand)}`
  const base = { hop: 'registry', about, ...(image && { image: image.name }) } as const
  if (trial === undefined) {
    if (before.result === 'failed' || before.code === 'DEPENDENCY_FAILED')
      return { ...base, ...notTried('registry', about, before) }
    const { code, because } = before
    return { ...base, result: 'skipped', code, seen: 'not tried, without a credential', because }
  }
  return { ...base, ...judgeTrial(trial, image?.name ?? host, { host, remedyOf, explain: demand.registryRefusal }) }
}

type Judged = Omit<Finding, 'hop' | 'about'>

interface Judging {
  readonly host: string
  readonly remedyOf: TrustRemedy
  /** What the vendor's own sentence means, where it means more than a missing right. */
  readonly explain: ExchangeRequest['registryRefusal']
}

function judgeTrial(trial: PullTrial, image: string, judging: Judging): Judged {
  const { host } = judging
  const fine = (seen: string): Judged => ({ result: 'ok', code: 'OK', seen })
  switch (trial.outcome) {
    case 'pulls':
      return fine('its manifest can be pulled')
    case 'accepted':
      return fine(`${host} takes the credential; whether it may read a repository is tried with --image`)
    case 'public':
      return { result: 'ok', code: 'IMAGE_PUBLIC', seen: 'anybody can pull it: no credential was asked for' }
    case 'absent':
      return judgeAbsent(trial, image)
    case 'refused':
      return judgeRefused(trial, image, judging)
    case 'throttled':
      return failed('REGISTRY_THROTTLED', `${trial.url} answered ${trial.words}`, 'a registry within its quota', {
        words: `${waitFor(trial.retryAt)}; kubelets back off by themselves`,
      })
    case 'unavailable':
      return failed('REGISTRY_UNAVAILABLE', `${trial.url} answered ${trial.words}`, 'a registry that works', {
        words: `${waitFor(trial.retryAt)}, or ask the operator of ${host}: it is a server error there, which no credential changes; kubelets try again by themselves`,
      })
    case 'plain http':
      return failed(
        'REGISTRY_PLAIN_HTTP',
        `${host} speaks plain HTTP; no credential was sent there`,
        `https at ${host}`,
        {
          words: `serve ${host} by https; or, where the nodes' container runtime is configured for plain HTTP there, look with --plain-http ${host}`,
        },
      )
    case 'unreachable':
      return judgeUnreachable(trial.fault)
    case 'unclear':
      break
  }
  return failed('REGISTRY_RESPONSE_UNEXPECTED', `${trial.url} answered ${trial.words}`, 'what a registry answers', {
    words: 'see that this host is a registry, and that no proxy or sign-in page answers in its place',
  })
}

const waitFor = (retryAt: Date | undefined): string =>
  retryAt === undefined ? 'wait, and run doctor again' : `wait until ${retryAt.toISOString()}`

/** The credential is fine, or it would have been refused before; whoever asks for this image gets none all the same. */
function judgeAbsent({ what, words }: Extract<PullTrial, { outcome: 'absent' }>, image: string): Judged {
  const manifest = what === 'manifest'
  return failed(
    manifest ? 'MANIFEST_UNKNOWN' : 'REPOSITORY_UNKNOWN',
    `the registry takes the credential, and has no such ${manifest ? 'tag or digest' : 'repository'}: ${words}`,
    `${image}, pushed there`,
    { words: "correct the image's name, or push it" },
  )
}

function judgeRefused(
  { at, url, status, words, message, answered }: Extract<PullTrial, { outcome: 'refused' }>,
  image: string,
  { host, remedyOf, explain }: Judging,
): Judged {
  const seen = `the ${at} ${url} answered ${words}`
  const explained = explain(message)
  if (explained !== undefined) {
    return failed(explained.code, seen, explained.expected ?? 'leave to read', remedyIn(explained))
  }
  const isUnheard = answered === 'without a credential'
  const remedy = remedyOf({ code: 'IMPERSONATION_DENIED', hint: undefined }, image)
  const dropped = `let the operator of what lies between here and ${host} (a proxy, a mirror, an ingress) pass on the Authorization header`
  const belongs = 'see that this host belongs to the provider that the document names for it'
  // What trust lacks explains a denial that all are told in the same words.
  if (isUnheard && (at === 'manifest' || (status === 403 && remedy.command === undefined))) {
    return failed(
      'AUTHORIZATION_DROPPED',
      `${seen}, as it does to a request without a credential`,
      'an answer to the credential, which was granted a moment ago',
      { words: `${dropped}; else ${belongs}` },
    )
  }
  if (status === 401) {
    return failed(
      'REGISTRY_CREDENTIAL_REFUSED',
      seen,
      `that ${host} takes the credential which was granted a moment ago`,
      { words: isUnheard ? `${belongs}; else ${dropped}` : belongs },
    )
  }
  const path = "see too that the image's path is right: of a repository that does not exist, the same is said"
  const advice = [remedy.words, path].filter((one) => one !== undefined && one !== '').join('; ')
  return failed('REGISTRY_DENIED', seen, 'the right to read this repository, which is there', {
    ...remedy,
    words: advice,
  })
}

function judgeUnreachable({
  code,
  seen,
  expected,
  hint,
}: Extract<PullTrial, { outcome: 'unreachable' }>['fault']): Judged {
  const known: Code = code === 'CERTIFICATE_UNTRUSTED' || code === 'RESPONSE_TOO_LARGE' ? code : 'REGISTRY_UNREACHABLE'
  return failed(known, seen, expected ?? 'an answer', { words: hint })
}

const failed = (code: Code, seen: string, expected: string, remedy: Remedy): Judged => ({
  result: 'failed',
  code,
  seen,
  expected,
  remedy,
})
