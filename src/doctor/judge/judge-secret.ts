/** Whether one pull secret will do: there, ours, of the right type, as the document is now, fresh, and what kubelets parse. Pure. */
import { parseDockerConfig, pullSecretType } from '../../credential/docker-config.ts'
import type { PullSecretRecord } from '../../credential/pull-secret-record.ts'
import type { Document } from '../../document/document.ts'
import { environmentSource } from '../../document/load-documents.ts'
import type { Code } from '../../errors/codes.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { fieldManager } from '../../kubernetes/objects/apply-pull-secret.ts'
import type { PullSecretContent } from '../../kubernetes/objects/pull-secrets.ts'
import { mintedFrom } from '../../refresh/exchange-requests.ts'
import { recordFor } from '../../refresh/freshness.ts'
import { judgeOwnership } from '../../refresh/ownership.ts'
import { documentName } from '../../refresh/plan.ts'
import { evaluatePullSecret } from '../../registry/check-pull-secret.ts'
import { matchImage } from '../../registry/match-credentials.ts'
import { Redacted } from '../../text/redacted.ts'
import type { WantedImage } from '../asked.ts'
import { type Finding, failureOf, type Remedy } from '../finding.ts'
import type { SecretFacts } from '../gather/gather-places.ts'
import { notTried } from '../not-tried.ts'
import { alsoSay } from '../remedy/also-say.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { fieldName, formName } from './field-words.ts'

interface JudgeSecret {
  readonly images: readonly WantedImage[]
  readonly now: Date
  readonly commands: MendingCommands
  readonly before: readonly Finding[]
}

/** By a wrong clock nothing is known of an expiry. */
const causeOf = (code: Code, { before }: JudgeSecret): Finding | undefined =>
  code === 'SECRET_EXPIRED' ? failureOf(before, 'clock') : undefined

type Judged = Omit<Finding, 'hop' | 'about'>

export function judgeSecret({ document, namespace, content }: SecretFacts, judge: JudgeSecret): Finding {
  const name = `${namespace}/${document.secretName}`
  const base = {
    hop: 'secret',
    about: `Secret ${name}`,
    namespace,
    alike: `Secret ${document.secretName}`,
    secret: document.secretName,
  } as const
  const refresh = judge.commands.refresh()
  if (content instanceof PullpassError) {
    return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be looked at: ${content.seen}` }
  }
  if (content === undefined) {
    return {
      ...base,
      ...failed('SECRET_NOT_FOUND', 'it does not exist', `the pull secret of ${formName(document)}`, refresh),
    }
  }
  const place = { document, namespace, content, refresh }
  const judged = judgeMetadata(place, judge) ?? judgeContent(place, judge)
  const cause = causeOf(judged.code, judge)
  return cause === undefined ? { ...base, ...judged } : { ...base, ...notTried(base.hop, base.about, cause) }
}

interface Place {
  readonly document: Document
  readonly namespace: string
  readonly content: PullSecretContent
  readonly refresh: Remedy
}

function judgeMetadata(
  { document, namespace, content, refresh }: Place,
  { commands }: JudgeSecret,
): Judged | undefined {
  if (content.deleting) {
    const look = commands.kubectl('get', 'secret', document.secretName, '-n', namespace, '-o', 'yaml')
    const words = `see who holds it by a finalizer: ${look}; once it is gone: ${refresh.command ?? refresh.words ?? ''}`
    return failed('SECRET_TERMINATING', 'it is being deleted', 'a Secret that stays', { words })
  }
  if (content.type !== pullSecretType) {
    const remove = commands.kubectl('delete', 'secret', document.secretName, '-n', namespace)
    return failed(
      'SECRET_TYPE_WRONG',
      `its type is ${content.type}, which cannot be changed`,
      `type ${pullSecretType}`,
      alsoSay(
        commands.refresh({ after: remove }),
        `if nothing else needs that Secret; else choose another ${fieldName(document, 'secretName')}`,
      ),
    )
  }
  const ownership = judgeOwnership(content, document)
  if (ownership.verdict !== 'refuse')
    return content.immutable ? judgeImmutable(document, namespace, commands) : undefined
  const owners = ownership.owners.length === 0 ? 'nobody that is known' : ownership.owners.join(', ')
  return failed(
    'SECRET_NOT_OURS',
    `it is managed by ${owners}; a refresh leaves it as it is`,
    `one that pullpass made for ${documentName(document)}, or none`,
    alsoSay(
      commands.refresh({ conflicts: 'adopted' }),
      `it takes over, once; or choose another ${fieldName(document, 'secretName')}`,
    ),
  )
}

function judgeImmutable({ secretName }: Document, namespace: string, commands: MendingCommands): Judged {
  const remove = commands.kubectl('delete', 'secret', secretName, '-n', namespace)
  return failed(
    'SECRET_IMMUTABLE',
    'somebody set immutable: neither its data nor that field can be changed any more',
    'a Secret that can be updated',
    commands.refresh({ after: remove }),
  )
}

function judgeContent(place: Place, { images, now }: JudgeSecret): Judged {
  const { document, content, refresh } = place
  const manager = fieldManager(document)
  const config = parseDockerConfig(content.dockerConfigJson ?? new Redacted('null'))
  const breaking = config.findings.find(({ effect }) => effect === 'breaks-pulls')
  if (breaking !== undefined) {
    const what = breaking.host === undefined ? breaking.seen : `${breaking.host}: ${breaking.seen}`
    return failed(
      'SECRET_MALFORMED',
      `no kubelet can parse it, so that a pod which names it pulls no image at all: ${what}`,
      'what pullpass writes',
      refresh,
    )
  }
  const record = recordFor(document, content)
  if (record === undefined) {
    const others = content.owners.data.filter((name) => name !== manager)
    const by = others.length === 0 ? 'something else' : others.join(', ')
    return failed(
      'SECRET_EDITED',
      `its credential or its annotations were changed by ${by}: nothing is known of it`,
      'what pullpass wrote',
      others.length === 0
        ? refresh
        : alsoSay(
            refresh,
            `if ${by} changes it again, no refresh helps: let the operator of ${by} leave this Secret alone`,
          ),
    )
  }
  return judgeRecord(record, place, now) ?? judgeHosts(place, { images, config, record, now })
}

function judgeRecord(record: PullSecretRecord, { document, namespace, refresh }: Place, now: Date): Judged | undefined {
  const target = `${namespace}/${document.secretName}`
  if (record.target !== target)
    return failed('SECRET_EDITED', `it is a copy of ${record.target}`, `what pullpass wrote for ${target}`, refresh)
  for (const { name, expiresAt } of entriesOf(record)) {
    if (expiresAt <= now)
      return failed(
        'SECRET_EXPIRED',
        `its credential for ${name} expired at ${expiresAt.toISOString()}`,
        `one that lives now, at ${now.toISOString()}`,
        refresh,
      )
  }
  const outdated = document.registries.find((registry) => {
    const source = mintedFrom(document, registry)
    // Its name differs where the Secret was written from variables that this document replaces.
    const entries = [record.registries.get(registry.name), ...record.registries.values()]
    const entry = entries.find((one) => one?.mintedFrom === source)
    return entry === undefined || !registry.hosts.every((host) => entry.hosts.includes(host))
  })
  if (outdated === undefined && record.registries.size === document.registries.length) return undefined
  return failed(
    'SECRET_OUTDATED',
    `it was written for another form of ${formName(document)}${outdated ? `: registry ${outdated.name} differs` : ''}`,
    `an entry for each registry, as ${formName(document)} ${document.source === environmentSource ? 'have' : 'has'} it now`,
    refresh,
  )
}

interface Hosts {
  readonly images: readonly WantedImage[]
  readonly config: ReturnType<typeof parseDockerConfig>
  readonly record: PullSecretRecord
  readonly now: Date
}

/** An image that no host of the document matches is judged at the registry: no refresh makes it match. */
function judgeHosts({ document, refresh }: Place, { images, config, record, now }: Hosts): Judged {
  const hosts = document.registries.flatMap((registry) => registry.hosts)
  const judged = images
    .filter(({ reference }) => matchImage(hosts, reference).length > 0)
    .map((image) => ({ image, verdict: evaluatePullSecret({ config, registries: record.registries, image }, now) }))
  const missed = judged.find(({ verdict }) => verdict.tried?.length === 0)
  if (missed !== undefined) {
    const keys = missed.verdict.entries.map(({ host, fit }) => `${host} (${fit ?? 'unknown'})`).join(', ')
    return failed(
      'IMAGE_NOT_MATCHED',
      `no key of it fits ${missed.image.name}: it has ${keys}`,
      "a key of the image's host and port, whose path begins its path",
      refresh,
    )
  }
  const earliest = entriesOf(record).map(({ expiresAt }) => expiresAt.getTime())
  const until = new Date(Math.min(...earliest))
  return { result: 'ok', code: 'OK', seen: `good until ${until.toISOString()}, and kubelets can parse it`, until }
}

const entriesOf = (record: PullSecretRecord) =>
  [...record.registries].map(([name, { expiresAt }]) => ({ name, expiresAt }))

const failed = (code: Code, seen: string, expected: string, remedy: Remedy): Judged => ({
  result: 'failed',
  code,
  seen,
  expected,
  remedy,
})
