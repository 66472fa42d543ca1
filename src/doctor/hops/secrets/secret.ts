/** Hop `secret`: each pull secret exists, is ours, matches its document, is not expired, and kubelets can parse it. */

import { parseDockerConfig, pullSecretType } from '../../../credential/docker-config.ts'
import { earliestExpiry, type PullSecretRecord } from '../../../credential/pull-secret-record.ts'
import { type Document, documentName } from '../../../document/document.ts'
import { environmentSource } from '../../../document/load-documents.ts'
import type { Code } from '../../../errors/codes.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { fieldManager, isDocumentManager } from '../../../kubernetes/objects/apply-pull-secret.ts'
import type { PullSecretContent } from '../../../kubernetes/objects/pull-secrets.ts'
import { entriesFor } from '../../../refresh/freshness.ts'
import { recordFor } from '../../../refresh/own-record.ts'
import { evaluateOwnership } from '../../../refresh/ownership.ts'
import { evaluatePullSecret } from '../../../registry/check-pull-secret.ts'
import { matchImage } from '../../../registry/match-credentials.ts'
import { Redacted } from '../../../text/redacted.ts'
import { rfc3339 } from '../../../text/time.ts'
import { knownNamespaces, type NamespaceFacts, namespacesSource, type SecretFacts } from '../../facts/namespaces.ts'
import { imagesSource } from '../../facts/pods.ts'
import { dependencyFailed, type Evaluated, failed, type HopFinding, type Remedy, withNote } from '../../finding.ts'
import { defineHop, type Hop, type View } from '../../hop.ts'
import type { PrintedCommands } from '../../printed-commands.ts'
import { fieldName, formName, type Image, nameRegistry } from '../../request.ts'

/** The hops up to the exchange: a pull secret cannot be written before they succeed. */
const exchanging = ['subject-token', 'publish', 'discovery', 'key', 'signature', 'exchange'] as const

export const secretHop: Hop = defineHop({
  name: 'secret',
  needs: { namespaces: namespacesSource, images: imagesSource },
  after: ['cluster', 'clock', ...exchanging, 'schedule', 'write'],
  evaluate({ namespaces, images }, view) {
    const { found } = view
    const failure = found.failure('cluster')
    if (failure !== undefined) return [dependencyFailed('secret', '', failure)]
    const secrets = explainByExchange(evaluateSecrets(namespaces, images, view), namespaces, view)
    return explainByWrites(explainBySchedule(secrets, found.failure('schedule')), found.of('write'))
  },
})

/** Before the schedule and writes are considered. `view`: of a hop after `clock`. */
export function evaluateSecrets(
  namespaces: NamespaceFacts | PullpassError | undefined,
  images: readonly Image[],
  { now, request: { commands }, found }: Pick<View, 'now' | 'request' | 'found'>,
): HopFinding[] {
  const clockFailure = found.failure('clock')
  const secrets = knownNamespaces(namespaces)?.secrets ?? []
  return secrets.map((secret) => evaluateSecret(secret, { images, now, commands, clockFailure }))
}

/** A pull secret does not exist, or has expired, because no registry of its document issues a credential. */
function explainByExchange(
  secrets: readonly HopFinding[],
  namespaces: NamespaceFacts | PullpassError | undefined,
  { found, exchangeRequests }: Pick<View, 'found' | 'exchangeRequests'>,
): HopFinding[] {
  const failures = found.of(...exchanging).filter(({ result }) => result === 'failed')
  const exchanges = found.of('exchange')
  const isFailure = ({ hop, code }: Pick<HopFinding, 'hop' | 'code'>) =>
    failures.some((failure) => failure.hop === hop && failure.code === code)
  const causeOf = (document: Document): HopFinding | undefined => {
    const causes = exchangeRequests
      .filter((request) => request.document === document)
      .map((request) =>
        exchanges.find(({ about, result, because }) =>
          about !== nameRegistry(request)
            ? false
            : result === 'failed' || (because !== undefined && isFailure(because)),
        ),
      )
    return causes.includes(undefined) ? undefined : causes[0]
  }
  const facts = knownNamespaces(namespaces)?.secrets ?? []
  return secrets.map((one, index) => {
    const document = facts[index]?.document
    const cause = document && fixedByAnyWrite.includes(one.code) ? causeOf(document) : undefined
    return cause === undefined
      ? one
      : { ...one, ...dependencyFailed(one.hop, one.about, cause), expected: undefined, remedy: undefined }
  })
}

/** Whether it was not refreshed in time. */
export const isStale = ({ result, code }: HopFinding): boolean =>
  result === 'failed' && ['SECRET_NOT_FOUND', 'SECRET_EXPIRED', 'SECRET_OUTDATED'].includes(code)

/** Stale Secrets follow from a CronJob that does not refresh. @internal */
export const explainBySchedule = (secrets: readonly HopFinding[], schedule: HopFinding | undefined): HopFinding[] =>
  secrets.map((one) =>
    schedule !== undefined && isStale(one)
      ? {
          ...one,
          ...dependencyFailed(one.hop, one.about, schedule),
          seen: one.seen,
          expected: undefined,
          remedy: undefined,
        }
      : one,
  )

/** Whether its credential can be tried at the registry: it is good, or good for an earlier form of the document. */
export function isUsable(secret: SecretFacts, view: Omit<SecretView, 'clockFailure'>): boolean {
  const { result, code } = evaluateSecret(secret, { ...view, clockFailure: undefined })
  return result === 'ok' || code === 'SECRET_OUTDATED'
}

interface SecretView {
  readonly images: readonly Image[]
  readonly now: Date
  readonly commands: PrintedCommands
  readonly clockFailure: HopFinding | undefined
}

function evaluateSecret({ document, namespace, content }: SecretFacts, view: SecretView): HopFinding {
  const name = `${namespace}/${document.secretName}`
  const base = {
    hop: 'secret',
    about: `Secret ${name}`,
    namespace,
    alike: `Secret ${document.secretName}`,
    secret: document.secretName,
  } as const
  const refresh = view.commands.refresh()
  if (content instanceof PullpassError) {
    return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be read: ${content.seen}` }
  }
  if (content === undefined) {
    return {
      ...base,
      ...failed('SECRET_NOT_FOUND', 'it does not exist', `the pull secret of ${formName(document)}`, refresh),
    }
  }
  const secret = { document, namespace, content, refresh }
  const evaluated = evaluateMetadata(secret, view) ?? evaluateContent(secret, view)
  // With a wrong clock nothing is known of an expiry.
  const cause = evaluated.code === 'SECRET_EXPIRED' ? view.clockFailure : undefined
  return cause === undefined ? { ...base, ...evaluated } : { ...base, ...dependencyFailed(base.hop, base.about, cause) }
}

interface SecretToEvaluate {
  readonly document: Document
  readonly namespace: string
  readonly content: PullSecretContent
  readonly refresh: Remedy
}

function evaluateMetadata(
  { document, namespace, content, refresh }: SecretToEvaluate,
  { commands }: SecretView,
): Evaluated | undefined {
  if (content.deleting) {
    const showSecret = commands.kubectl('get', 'secret', document.secretName, '-n', namespace, '-o', 'yaml')
    const words = `see which finalizer delays it: ${showSecret}; once it is deleted: ${refresh.command ?? refresh.words ?? ''}`
    return failed('SECRET_TERMINATING', 'it is being deleted', 'a Secret that stays', { words })
  }
  if (content.type !== pullSecretType) {
    const remove = commands.kubectl('delete', 'secret', document.secretName, '-n', namespace)
    return failed(
      'SECRET_TYPE_WRONG',
      `its type is ${content.type}, which cannot be changed`,
      `type ${pullSecretType}`,
      withNote(
        commands.refresh({ after: remove }),
        `if nothing else needs that Secret; otherwise choose another ${fieldName(document, 'secretName')}`,
      ),
    )
  }
  const ownership = evaluateOwnership(content, document)
  if (ownership.verdict !== 'refuse')
    return content.immutable ? evaluateImmutable(document, namespace, commands) : undefined
  const { owners } = ownership
  const managed = owners.length === 0 ? 'no field manager is recorded for it' : `it is managed by ${owners.join(', ')}`
  const isOfOther = owners.some(isDocumentManager)
  const alternative = `choose another ${fieldName(document, 'secretName')}`
  return failed(
    'SECRET_NOT_OURS',
    `${managed}; a refresh does not change it`,
    `one that pullpass created for ${documentName(document)}, or none`,
    withNote(
      commands.refresh({ conflicts: isOfOther ? 'taken over' : 'adopted' }),
      isOfOther
        ? `it takes over the Secret, once: remove the other document first, or ${alternative}`
        : `it takes over the Secret, once; or ${alternative}`,
    ),
  )
}

function evaluateImmutable({ secretName }: Document, namespace: string, commands: PrintedCommands): Evaluated {
  const remove = commands.kubectl('delete', 'secret', secretName, '-n', namespace)
  return failed(
    'SECRET_IMMUTABLE',
    'it is immutable: neither its data nor that field can be changed',
    'a Secret that can be updated',
    commands.refresh({ after: remove }),
  )
}

function evaluateContent(secret: SecretToEvaluate, { images, now }: SecretView): Evaluated {
  const { document, content, refresh } = secret
  const manager = fieldManager(document)
  const config = parseDockerConfig(content.dockerConfigJson ?? new Redacted('null'))
  const breaking = config.findings.find(({ effect }) => effect === 'breaks-pulls')
  if (breaking !== undefined) {
    const what = breaking.host === undefined ? breaking.seen : `${breaking.host}: ${breaking.seen}`
    return failed(
      'SECRET_MALFORMED',
      `kubelets cannot parse it, so a pod that names it pulls no image at all: ${what}`,
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
      `its credential or its annotations were changed by ${by}: its state is unknown`,
      'what pullpass wrote',
      others.length === 0
        ? refresh
        : withNote(
            refresh,
            `if ${by} changes it again, a refresh does not help: configure ${by} not to change this Secret`,
          ),
    )
  }
  return evaluateRecord(record, secret, now) ?? evaluateHosts(secret, { images, config, record, now })
}

function evaluateRecord(
  record: PullSecretRecord,
  { document, namespace, refresh }: SecretToEvaluate,
  now: Date,
): Evaluated | undefined {
  const target = `${namespace}/${document.secretName}`
  if (record.target !== target)
    return failed('SECRET_EDITED', `it is a copy of ${record.target}`, `what pullpass wrote for ${target}`, refresh)
  for (const { name, expiresAt } of entriesOf(record)) {
    if (expiresAt !== undefined && expiresAt <= now)
      return failed(
        'SECRET_EXPIRED',
        `its credential for ${name} expired at ${rfc3339(expiresAt)}`,
        `one that is valid now, at ${rfc3339(now)}`,
        refresh,
      )
  }
  const entryOf = entriesFor(document)
  const outdated = document.registries.find((registry) => entryOf(registry, record.registries) === undefined)
  if (outdated === undefined && record.registries.size === document.registries.length) return undefined
  return failed(
    'SECRET_OUTDATED',
    `it was written for an earlier form of ${formName(document)}${outdated ? `: registry ${outdated.name} differs` : ''}`,
    `an entry for each registry, as ${formName(document)} ${document.source === environmentSource ? 'have' : 'has'} it now`,
    refresh,
  )
}

interface Hosts {
  readonly images: readonly Image[]
  readonly config: ReturnType<typeof parseDockerConfig>
  readonly record: PullSecretRecord
  readonly now: Date
}

/** An image that no host of the document matches is evaluated at the registry: no refresh makes it match. */
function evaluateHosts({ document, refresh }: SecretToEvaluate, { images, config, record, now }: Hosts): Evaluated {
  const hosts = document.registries.flatMap((registry) => registry.hosts)
  const evaluated = images
    .filter(({ reference }) => matchImage(hosts, reference).length > 0)
    .map((image) => ({ image, verdict: evaluatePullSecret({ config, registries: record.registries, image }, now) }))
  const missed = evaluated.find(({ verdict }) => verdict.tried?.length === 0)
  if (missed !== undefined) {
    const keys = missed.verdict.entries.map(({ host, fit }) => `${host} (${fit ?? 'unknown'})`).join(', ')
    return failed(
      'IMAGE_NOT_MATCHED',
      `no key of it matches ${missed.image.name}: it has ${keys}`,
      "a key of the image's host and port, with a prefix of its path",
      refresh,
    )
  }
  const until = earliestExpiry(record.registries)
  const valid = until === undefined ? 'its expiry is unknown' : `valid until ${rfc3339(until)}`
  return { result: 'ok', code: 'OK', seen: `${valid}, and kubelets can parse it`, until }
}

const entriesOf = (record: PullSecretRecord) =>
  [...record.registries].map(([name, { expiresAt }]) => ({ name, expiresAt }))

// Faults of a Secret are fixed by a refresh. Where a refresh cannot write it, they follow from the failure of the write.

const fixedByRefresh: readonly Code[] = [
  'SECRET_NOT_FOUND',
  'SECRET_EXPIRED',
  'SECRET_OUTDATED',
  'SECRET_EDITED',
  'SECRET_MALFORMED',
  'STORED_CREDENTIAL_REFUSED',
]

/** Fixed even by a write that admission changes. */
const fixedByAnyWrite: readonly Code[] = ['SECRET_NOT_FOUND', 'SECRET_EXPIRED']

/** Failures of a write that hop `secret` reports itself. */
const ownCodes: readonly Code[] = ['SECRET_NOT_OURS', 'SECRET_TYPE_WRONG', 'SECRET_CONFLICT', 'SECRET_IMMUTABLE']

export function explainByWrites(found: readonly HopFinding[], written: readonly HopFinding[]): HopFinding[] {
  const failures = written.filter(({ result, code }) => result === 'failed' && !ownCodes.includes(code))
  if (failures.length === 0) return [...found]
  const tried = new Set(written.map(placeOf))
  return found.map((finding) => {
    const cause = failures.find((failure) => explains(failure, finding, tried))
    if (cause === undefined) return finding
    const seen = `${finding.seen}; a refresh cannot fix it, because of ${cause.hop}: ${cause.code}`
    return {
      ...finding,
      ...dependencyFailed(finding.hop, finding.about, cause),
      seen,
      expected: undefined,
      remedy: undefined,
    }
  })
}

/** Of many namespaces a sample is written: a failure in one of them is assumed for those not tried. */
function explains(failure: HopFinding, finding: HopFinding, tried: ReadonlySet<string>): boolean {
  if (finding.result !== 'failed' || !fixedByRefresh.includes(finding.code)) return false
  if (failure.code === 'SECRET_MUTATED' && fixedByAnyWrite.includes(finding.code)) return false
  if (failure.secret !== finding.secret) return false
  return failure.namespace === finding.namespace || !tried.has(placeOf(finding))
}

const placeOf = ({ namespace, secret }: HopFinding) => JSON.stringify([namespace, secret])
