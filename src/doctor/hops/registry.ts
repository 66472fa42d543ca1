/** Hop `registry`: a credential that was just issued is accepted by its registry, for the image in question. */

import type { Document } from '../../document/document.ts'
import { environmentSource } from '../../document/load-documents.ts'
import type { Code } from '../../errors/codes.ts'
import { fixOf, PullpassError } from '../../errors/pullpass-error.ts'
import type { Pod } from '../../kubernetes/objects/pods.ts'
import { waitsForImage } from '../../kubernetes/objects/pull-failure.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import { compareKey, matchImage } from '../../registry/match-credentials.ts'
import type { PullAttempt } from '../../registry/pull.ts'
import { rfc3339 } from '../../text/time.ts'
import { type PullFacts, pullsSource } from '../facts/exchanges.ts'
import { dockerConfigOf, imagesSource, type PodFacts, podSource } from '../facts/pods.ts'
import { dependencyFailed, type Evaluated, failed, type HopFinding, remedyOf } from '../finding.ts'
import { defineHop, defineSource, type Hop, type Source } from '../hop.ts'
import { type DoctorRequest, fieldName, type Image, nameRegistry } from '../request.ts'
import { exchangeAfter, exchangeFindings, exchangeNeeds, remedyFor, type TrustRemedy } from './exchange.ts'

/** An image that no host of the documents matches. */
interface UnmatchedImage {
  readonly image: Image
  /** `these vendors`: a further host in a document makes it match. `others`: no document can issue a credential for it. */
  readonly servedBy: 'these vendors' | 'others'
}

const unmatchedSource: Source<readonly UnmatchedImage[]> = defineSource({
  needs: { images: imagesSource },
  otherwise: [],
  async gather({ images }, { request: { documents }, context: { vendors } }) {
    const registries = documents.flatMap((document) => document.registries)
    const hosts = registries.flatMap((registry) => registry.hosts)
    const unmatched = images.filter(({ reference }) => matchImage(hosts, reference).length === 0)
    if (unmatched.length === 0) return []
    const names = [...new Set(registries.map(({ vendor }) => vendor))]
    const setups = await Promise.all(names.map(async (name) => await vendors[name]?.trust?.load()))
    return unmatched.map((image): UnmatchedImage => {
      const isNear = hosts.some((host) => compareKey(host, image.reference) !== 'other host')
      const isOfVendor = setups.some((setup) => setup?.repositories.ofImage(image.reference) !== undefined)
      return { image, servedBy: isNear || isOfVendor ? 'these vendors' : 'others' }
    })
  },
})

export const registryHop: Hop = defineHop({
  name: 'registry',
  needs: { ...exchangeNeeds, pulls: pullsSource, unmatched: unmatchedSource, pod: podSource, images: imagesSource },
  after: exchangeAfter,
  evaluate(facts, view) {
    const { request } = view
    const exchanges = exchangeFindings(facts, view)
    const pulls = facts.pulls.flatMap((pull) => {
      const before =
        exchanges[facts.exchanges.findIndex(({ exchangeRequest }) => exchangeRequest === pull.exchangeRequest)]?.at(-1)
      return before === undefined
        ? []
        : [evaluatePull(pull, before, remedyFor(pull.exchangeRequest, facts.trust, request.commands))]
    })
    return [...evaluateUnmatched(facts.unmatched, { request, images: facts.images, pod: facts.pod }), ...pulls]
  },
})

/** `before`: the finding of the last hop of its exchange. */
function evaluatePull(facts: PullFacts, before: HopFinding, remedy: TrustRemedy): HopFinding {
  const { exchangeRequest, host, image, attempt } = facts
  const about = `${image?.name ?? host}, ${nameRegistry(exchangeRequest)}`
  const base = { hop: 'registry', about, ...(image && { image: image.name }) } as const
  if (attempt === undefined) {
    if (before.result === 'failed' || before.code === 'DEPENDENCY_FAILED')
      return { ...base, ...dependencyFailed('registry', about, before) }
    const { code, because } = before
    return { ...base, result: 'skipped', code, seen: 'not tried, without a credential', because }
  }
  return {
    ...base,
    ...evaluateAttempt(attempt, image?.name ?? host, {
      host,
      remedyOfTrust: remedy,
      explain: exchangeRequest.registryRefusal,
    }),
  }
}

interface Evaluating {
  readonly host: string
  readonly remedyOfTrust: TrustRemedy
  /** What the vendor's own sentence means, where it means more than a missing right. */
  readonly explain: ExchangeRequest['registryRefusal']
}

function evaluateAttempt(attempt: PullAttempt, image: string, evaluating: Evaluating): Evaluated {
  const { host } = evaluating
  const fine = (seen: string): Evaluated => ({ result: 'ok', code: 'OK', seen })
  switch (attempt.outcome) {
    case 'pulls':
      return fine('its manifest can be pulled')
    case 'accepted':
      return fine(`${host} accepts the credential; --image checks whether it may read a repository`)
    case 'public':
      return { result: 'ok', code: 'IMAGE_PUBLIC', seen: 'it can be pulled without a credential' }
    case 'absent':
      return evaluateAbsent(attempt, image)
    case 'refused':
      return evaluateRefused(attempt, image, evaluating)
    case 'throttled':
      return failed(
        'REGISTRY_THROTTLED',
        `${attempt.url} responded with ${attempt.words}`,
        'a registry within its quota',
        {
          words: `${waitFor(attempt.retryAt)}; kubelets back off and retry`,
        },
      )
    case 'unavailable':
      return failed('REGISTRY_UNAVAILABLE', `${attempt.url} responded with ${attempt.words}`, 'an available registry', {
        words: `${waitFor(attempt.retryAt)}, or contact the operator of ${host}: the error is at the server, not in the credential; kubelets retry`,
      })
    case 'plain http':
      return failed(
        'REGISTRY_PLAIN_HTTP',
        `${host} speaks plain HTTP; no credential was sent there`,
        `https at ${host}`,
        {
          words: `serve ${host} by https; or, where the nodes' container runtime is configured for plain HTTP there, check with --plain-http ${host}`,
        },
      )
    case 'unreachable':
      return evaluateUnreachable(attempt.fault)
    case 'unclear':
      break
  }
  return failed(
    'REGISTRY_RESPONSE_UNEXPECTED',
    `${attempt.url} responded with ${attempt.words}`,
    'a response of a registry',
    {
      words: 'check that this host is a registry, and that no proxy or sign-in page intercepts the request',
    },
  )
}

const waitFor = (retryAt: Date | undefined): string =>
  retryAt === undefined ? 'wait, and run doctor again' : `wait until ${rfc3339(retryAt)}`

/** The credential is accepted, and no client can pull this image. */
function evaluateAbsent({ what, words }: Extract<PullAttempt, { outcome: 'absent' }>, image: string): Evaluated {
  const manifest = what === 'manifest'
  return failed(
    manifest ? 'MANIFEST_UNKNOWN' : 'REPOSITORY_UNKNOWN',
    `the registry accepts the credential and has no such ${manifest ? 'tag or digest' : 'repository'}: ${words}`,
    `${image}, pushed there`,
    { words: "correct the image's name, or push it" },
  )
}

function evaluateRefused(
  { at, url, status, words, message, credential }: Extract<PullAttempt, { outcome: 'refused' }>,
  image: string,
  { host, remedyOfTrust, explain }: Evaluating,
): Evaluated {
  const seen = `the ${at} ${url} responded with ${words}`
  const explained = explain(message)
  if (explained !== undefined) {
    return failed(explained.code, seen, explained.expected ?? 'permission to read', remedyOf(explained))
  }
  const isUnheard = credential === 'ignored'
  const remedy = remedyOfTrust({ code: 'REGISTRY_DENIED', hint: undefined }, image)
  const dropped = `configure what is between here and ${host} (a proxy, a mirror, an ingress) to forward the Authorization header`
  const belongs = 'check that this host belongs to the vendor that the document configures for it'
  // A missing grant explains a denial that is reported in the same way for every cause.
  if (isUnheard && (at === 'manifest' || (status === 403 && remedy.command === undefined))) {
    return failed(
      'AUTHORIZATION_DROPPED',
      `${seen}, as it does to a request without a credential`,
      'a response to the credential, which was just issued',
      { words: `${dropped}; otherwise ${belongs}` },
    )
  }
  if (status === 401) {
    return failed('REGISTRY_CREDENTIAL_REFUSED', seen, `that ${host} accepts the credential, which was just issued`, {
      words: isUnheard ? `${belongs}; otherwise ${dropped}` : belongs,
    })
  }
  const path = 'also check the path of the image: the response for a repository that does not exist is the same'
  const advice = [remedy.words, path].filter((one) => one !== undefined && one !== '').join('; ')
  return failed('REGISTRY_DENIED', seen, 'permission to read this repository, which exists', {
    ...remedy,
    words: advice,
  })
}

function evaluateUnreachable(fault: Extract<PullAttempt, { outcome: 'unreachable' }>['fault']): Evaluated {
  const { code, seen, expected } = fault
  const known: Code = code === 'CERTIFICATE_UNTRUSTED' || code === 'RESPONSE_TOO_LARGE' ? code : 'REGISTRY_UNREACHABLE'
  return failed(known, seen, expected ?? 'a response', { words: fixOf(fault) })
}

/** Whether an image that no host of the documents matches is a fault: a kubelet pulls it without their Secrets. Pure. */
interface UnmatchedView {
  readonly request: DoctorRequest
  readonly images: readonly Image[]
  readonly pod: PodFacts | undefined
}

function evaluateUnmatched(unmatched: readonly UnmatchedImage[], view: UnmatchedView): HopFinding[] {
  const reported =
    view.request.image === undefined ? unmatched.filter((one) => isFault(one, unmatched, view)) : unmatched
  return reported.map((one) => evaluateOne(one, view.request))
}

/**
 * Of a pod: an image that its node has, or that another of its pull secrets is for, is none of these documents' business.
 * Before the kubelet reports anything, one of several may be public; that none matches is not a coincidence.
 */
function isFault(
  { image }: UnmatchedImage,
  unmatched: readonly UnmatchedImage[],
  { images, pod: facts }: UnmatchedView,
): boolean {
  const pod = facts?.pod
  if (facts === undefined || pod === undefined || pod instanceof PullpassError) return true
  const keys = [...facts.secrets.values()].flatMap((content) => [...(dockerConfigOf(content)?.entries.keys() ?? [])])
  if (matchImage(keys, image.reference).length > 0) return false
  const state = stateOf(image, pod)
  return state === 'waits' || (state === 'unknown' && unmatched.length === images.length)
}

function stateOf({ name }: Image, { containers }: Pod): 'waits' | 'present' | 'unknown' {
  const its = containers.filter(({ image }) => image === name)
  if (its.some(({ waiting }) => waiting !== undefined && waitsForImage(waiting.reason))) return 'waits'
  return its.every(({ imageState }) => imageState === 'present') ? 'present' : 'unknown'
}

function evaluateOne({ image, servedBy }: UnmatchedImage, { documents }: DoctorRequest): HopFinding {
  const { name, reference } = image
  const { host, repository } = reference
  const hosts = documents.flatMap(({ registries }) => registries.flatMap((registry) => registry.hosts))
  const words =
    servedBy === 'these vendors'
      ? `name ${host} ${whereHostsAre(documents)}, or correct the image's name`
      : `these documents cannot issue a credential for ${host}: a public image needs none; for a private one, add a registry of ${host} with its own vendor, or another pull secret to the pod`
  return {
    hop: 'registry',
    about: name,
    image: name,
    result: 'failed',
    code: 'IMAGE_NOT_MATCHED',
    seen: `no host of the documents matches ${name}: they have ${[...new Set(hosts)].join(', ')}`,
    expected: `${host}, or ${host}/${repository.slice(0, repository.lastIndexOf('/') + 1)}, as kubelets match it: host and port exactly, the path as a prefix`,
    remedy: { words },
  }
}

const whereHostsAre = (documents: readonly Document[]): string =>
  documents.every(({ source }) => source === environmentSource)
    ? `in ${fieldName({ source: environmentSource }, 'registries.hosts')}`
    : `under hosts of a registry in ${documents.map(({ source }) => source).join(', ')}`
