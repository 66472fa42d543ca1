/** What a kubelet would do with a pull secret, and until when: pure, from what was read of it. */
import type { DockerConfig } from '../credential/docker-config.ts'
import type { RegistryRecord } from '../credential/pull-secret-record.ts'
import type { ImageReference } from './image-reference.ts'
import { compareKey, type KeyVerdict, matchImage } from './match-credentials.ts'

export interface PullSecretFacts {
  readonly config: DockerConfig
  /** What the Secret says of its registries' expiry, where that can be believed. */
  readonly registries: ReadonlyMap<string, RegistryRecord>
  /** The image in question, and how it was written. */
  readonly image?: { readonly name: string; readonly reference: ImageReference } | undefined
}

export interface PullSecretVerdict {
  /** A kubelet that cannot parse it pulls nothing at all for a pod that names it. */
  readonly parsing: 'succeeds' | 'fails'
  /** Keys in the order in which a kubelet tries them for the image; absent: no image is in question. */
  readonly tried: readonly string[] | undefined
  readonly entries: readonly EntryVerdict[]
  /** Why pulls fail, in sentences; empty: nothing is known against it. */
  readonly problems: readonly string[]
  /** What kubelets pass over. */
  readonly notes: readonly string[]
}

export interface EntryVerdict {
  readonly host: string
  readonly username: string
  readonly expiresAt: Date | undefined
  /** How it fits the image; absent: no image is in question. */
  readonly fit: KeyVerdict | undefined
}

export function judgePullSecret(facts: PullSecretFacts, now: Date): PullSecretVerdict {
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
      // Nothing is pulled where parsing fails, so that nothing need be said of this image.
      ...(image !== undefined && tried?.length === 0 && parsing === 'succeeds' ? [misses(image)] : []),
    ],
    notes: config.findings.filter(({ effect }) => effect === 'ignored').map(inWords),
  }
}

/** Somebody may have put a token where the name belongs: no registry gives so long a name. */
const showName = (name: string) =>
  name.length <= 100 ? name : `(${name.length} characters, perhaps a token: not shown)`

const expiryOf = (host: string, registries: PullSecretFacts['registries']) =>
  [...registries.values()].find(({ hosts }) => hosts.includes(host))?.expiresAt

const inWords = ({ host, seen }: DockerConfig['findings'][number]) => (host === undefined ? seen : `${host}: ${seen}`)

function breakages({ findings }: DockerConfig): string[] {
  const breaking = findings.filter(({ effect }) => effect === 'breaks-pulls')
  const consequence = 'so that a pod which names this Secret can pull no image at all'
  return breaking.map((finding) => `no kubelet can parse it, ${consequence}: ${inWords(finding)}`)
}

function expiries(entries: readonly EntryVerdict[], now: Date): string[] {
  return entries
    .filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now)
    .map(({ host, expiresAt }) => `${host}: its credential expired at ${expiresAt?.toISOString()}`)
}

function misses({ name, reference: { host, repository } }: NonNullable<PullSecretFacts['image']>): string {
  return `no host in it fits ${name}, which is ${host}/${repository}: a kubelet pulls it without this Secret`
}
