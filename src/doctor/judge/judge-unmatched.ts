/** Whether an image that no host of the documents matches is a fault: a kubelet pulls it without their Secrets. Pure. */
import type { Document } from '../../document/document.ts'
import { environmentSource } from '../../document/load-documents.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Pod } from '../../kubernetes/objects/pods.ts'
import { waitsForImage } from '../../kubernetes/objects/pull-failure.ts'
import { matchImage } from '../../registry/match-credentials.ts'
import type { Asked, WantedImage } from '../asked.ts'
import { dockerConfigOf } from '../docker-config-of.ts'
import type { Finding } from '../finding.ts'
import type { PodFacts } from '../gather/gather-pod.ts'
import type { UnmatchedImage } from '../gather/gather-unmatched.ts'
import { fieldName } from './field-words.ts'

interface JudgeUnmatched {
  readonly asked: Asked
  readonly images: readonly WantedImage[]
  readonly pod: PodFacts | undefined
}

export function judgeUnmatched(unmatched: readonly UnmatchedImage[], judge: JudgeUnmatched): Finding[] {
  const wanted = judge.asked.image === undefined ? unmatched.filter((one) => isFault(one, unmatched, judge)) : unmatched
  return wanted.map((one) => judgeOne(one, judge.asked))
}

/**
 * Of a pod: an image that its node has, or that another of its pull secrets is for, is none of these documents' business.
 * Before the kubelet said anything, one of several may be public; that none matches is no chance.
 */
function isFault(
  { image }: UnmatchedImage,
  unmatched: readonly UnmatchedImage[],
  { images, pod: facts }: JudgeUnmatched,
): boolean {
  const pod = facts?.pod
  if (facts === undefined || pod === undefined || pod instanceof PullpassError) return true
  const keys = [...facts.secrets.values()].flatMap((content) => [...(dockerConfigOf(content)?.entries.keys() ?? [])])
  if (matchImage(keys, image.reference).length > 0) return false
  const state = stateOf(image, pod)
  return state === 'waits' || (state === 'unknown' && unmatched.length === images.length)
}

function stateOf({ name }: WantedImage, { containers }: Pod): 'waits' | 'present' | 'unknown' {
  const its = containers.filter(({ image }) => image === name)
  if (its.some(({ waiting }) => waiting !== undefined && waitsForImage(waiting.reason))) return 'waits'
  return its.every(({ imageState }) => imageState === 'present') ? 'present' : 'unknown'
}

function judgeOne({ image, servedBy }: UnmatchedImage, { documents }: Asked): Finding {
  const { name, reference } = image
  const { host, repository } = reference
  const hosts = documents.flatMap(({ registries }) => registries.flatMap((registry) => registry.hosts))
  const words =
    servedBy === 'these vendors'
      ? `name ${host} ${whereHostsAre(documents)}, or correct the image's name`
      : `these documents cannot issue a credential for ${host}: an image that anybody may pull needs none; for a private one add a registry of ${host} with its own vendor, or give the pod another pull secret`
  return {
    hop: 'registry',
    about: name,
    image: name,
    result: 'failed',
    code: 'IMAGE_NOT_MATCHED',
    seen: `no host of the documents fits ${name}: they have ${[...new Set(hosts)].join(', ')}`,
    expected: `${host}, or ${host}/${repository.slice(0, repository.lastIndexOf('/') + 1)}, as kubelets compare it: the port too, and the path as a beginning`,
    remedy: { words },
  }
}

const whereHostsAre = (documents: readonly Document[]): string =>
  documents.every(({ source }) => source === environmentSource)
    ? `in ${fieldName({ source: environmentSource }, 'registries.hosts')}`
    : `under hosts of a registry in ${documents.map(({ source }) => source).join(', ')}`
