/** How a kubelet uses a pull secret, and until when. Pure. */
import type { DockerConfig } from '../credential/docker-config.ts'
import type { RegistryRecord } from '../credential/pull-secret-record.ts'
import type { ErrorFacts } from '../errors/pullpass-error.ts'
import { rfc3339 } from '../text/time.ts'
import type { ImageReference } from './image-reference.ts'
import { compareKey, type KeyMatch, matchImage } from './match-credentials.ts'

export interface PullSecretFacts {
  readonly config: DockerConfig
  /** The expiry per registry, if the annotations can be trusted. */
  readonly registries: ReadonlyMap<string, RegistryRecord>
  /** The image to evaluate, and its name as given. */
  readonly image?: { readonly name: string; readonly reference: ImageReference } | undefined
}

export interface PullSecretEvaluation {
  /** If it cannot be parsed, a kubelet pulls no image for a pod that references it. */
  readonly parsing: 'succeeds' | 'fails'
  /** Keys in the order in which a kubelet tries them for the image; absent: no image was given. */
  readonly tried: readonly string[] | undefined
  readonly entries: readonly EntryEvaluation[]
  /** Why pulls fail; empty: no known problem. */
  readonly problems: readonly PullSecretProblem[]
  /** Content that kubelets ignore. */
  readonly notes: readonly string[]
}

/** The codes of problems of a pull secret, as a kubelet uses it. @internal */
export const pullSecretProblems = [
  'SECRET_TYPE_WRONG',
  'SECRET_MALFORMED',
  'SECRET_EXPIRED',
  'IMAGE_NOT_MATCHED',
] as const

export interface PullSecretProblem extends ErrorFacts {
  readonly code: (typeof pullSecretProblems)[number]
}

export interface EntryEvaluation {
  readonly host: string
  readonly username: string
  readonly expiresAt: Date | undefined
  /** Absent: no image was given. */
  readonly fit: KeyMatch | undefined
}

export function evaluatePullSecret(facts: PullSecretFacts, now: Date): PullSecretEvaluation {
  const { config, image } = facts
  const keys = [...config.entries.keys()]
  const tried = image === undefined ? undefined : matchImage(keys, image.reference)
  const parsing = config.findings.some(({ effect }) => effect === 'breaks-pulls') ? 'fails' : 'succeeds'
  const entries = [...config.entries].map(([host, { username }]) => ({
    host,
    username: showName(username),
    expiresAt: expiryOf(host, facts.registries),
    fit: image === undefined ? undefined : tried?.includes(host) ? 'fits' : compareKey(host, image.reference),
  }))
  return {
    parsing,
    tried,
    entries,
    problems: [
      ...breakages(config),
      ...expiries(entries, now),
      // If parsing fails, no image is pulled, so this image needs no message.
      ...(image !== undefined && tried?.length === 0 && parsing === 'succeeds' ? [misses(image)] : []),
    ],
    notes: config.findings.filter(({ effect }) => effect === 'ignored').map(inWords),
  }
}

/** A name of this length is probably a token in the wrong field: registries issue no such names. */
const showName = (name: string) =>
  name.length <= 100 ? name : `(${name.length} characters, perhaps a token: not shown)`

const expiryOf = (host: string, registries: PullSecretFacts['registries']) =>
  [...registries.values()].find(({ hosts }) => hosts.includes(host))?.expiresAt

const inWords = ({ host, seen }: DockerConfig['findings'][number]) => (host === undefined ? seen : `${host}: ${seen}`)

function breakages({ findings }: DockerConfig): PullSecretProblem[] {
  const breaking = findings.filter(({ effect }) => effect === 'breaks-pulls')
  const consequence = 'so a pod that references this Secret can pull no image'
  return breaking.map((finding) => ({
    code: 'SECRET_MALFORMED',
    hop: 'kubernetes',
    seen: `no kubelet can parse it, ${consequence}: ${inWords(finding)}`,
    expected: 'entries that kubelets can parse',
    hint: 'correct the entry; a Secret that pullpass manages is restored by a refresh',
  }))
}

function expiries(entries: readonly EntryEvaluation[], now: Date): PullSecretProblem[] {
  return entries.flatMap(({ host, expiresAt }): PullSecretProblem[] =>
    expiresAt === undefined || expiresAt > now
      ? []
      : [
          {
            code: 'SECRET_EXPIRED',
            hop: 'kubernetes',
            seen: `${host}: its credential expired at ${rfc3339(expiresAt)}`,
            expected: `a credential that is valid now, at ${rfc3339(now)}`,
            hint: 'refresh it; pullpass doctor finds out why that was not done in time',
          },
        ],
  )
}

function misses({ name, reference: { host, repository } }: NonNullable<PullSecretFacts['image']>): PullSecretProblem {
  const full = `${host}/${repository}`
  return {
    code: 'IMAGE_NOT_MATCHED',
    hop: 'registry',
    seen: `none of its hosts matches ${name}${name.startsWith(full) ? '' : `, which is ${full}`}: a kubelet pulls it without this Secret`,
    expected: "an entry of the image's host and port, with a prefix of its path",
    hint: "add the host to a registry of the document, or correct the image's name",
  }
}
