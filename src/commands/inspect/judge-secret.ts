/** What is to be said of a Secret as a pull secret: whose it is, what a kubelet makes of it. Pure. */
import { parseDockerConfig } from '../../credential/parse-docker-config.ts'
import { type PullSecretRecord, parseRecord } from '../../credential/pull-secret-record.ts'
import { pullSecretType } from '../../credential/pull-secret-type.ts'
import type { PullSecretContent } from '../../kubernetes/read-pull-secret-data.ts'
import { Redacted } from '../../outside/redacted.ts'
import { ownRecord } from '../../refresh/own-record.ts'
import { judgePullSecret, type PullSecretVerdict } from '../../registry/judge-pull-secret.ts'
import type { SecretTarget } from './parse-inspect-target.ts'

export interface SecretVerdict extends PullSecretVerdict {
  readonly type: string
  /** Field managers that own the credential; empty: nobody is known to. */
  readonly managers: readonly string[]
  /** Field managers that own something else of the Secret. */
  readonly otherManagers: readonly string[]
  /** The document that it is made for, where pullpass made it. */
  readonly document: string | undefined
  readonly refreshedAt: Date | undefined
}

export function judgeSecret(
  { secret: target, image }: SecretTarget,
  content: PullSecretContent,
  now: Date,
): SecretVerdict {
  const { type, annotations, owners, managers, deleting, dockerConfigJson } = content
  const record = parseRecord(annotations)
  const doubts = record === undefined ? [] : doubtsOf(record, content, `${target.namespace}/${target.name}`)
  // What annotations say of a credential that somebody else wrote is not about this credential.
  const believed = doubts.length === 0 ? record : undefined
  const wrongType = type === pullSecretType ? [] : [`its type is ${type}: no kubelet takes it as ${pullSecretType}`]
  const config = parseDockerConfig(dockerConfigJson ?? new Redacted('null'))
  const verdict = judgePullSecret({ config, registries: believed?.registries ?? new Map(), image }, now)
  return {
    ...verdict,
    problems: [...wrongType, ...verdict.problems],
    notes: [...doubts, ...(deleting ? ['it is being deleted'] : []), ...verdict.notes],
    type,
    managers: owners.data,
    otherManagers: managers.filter((name) => !owners.data.includes(name)),
    document: believed?.document,
    refreshedAt: believed?.refreshedAt,
  }
}

function doubtsOf(record: PullSecretRecord, content: PullSecretContent, target: string): string[] {
  const copied = record.target === target ? [] : [`it is a copy, by something else, of the Secret ${record.target}`]
  const manager = content.owners.data.find((owner) => owner.startsWith('pullpass:'))
  if (manager === undefined) {
    const seen = `its annotations are pullpass's, for ${record.document}, but its credential was written by something else`
    return [...copied, seen]
  }
  const edited = ownRecord(content, manager) === undefined
  return [...copied, ...(edited ? ['its annotations were changed by something else: its expiry is not believed'] : [])]
}
