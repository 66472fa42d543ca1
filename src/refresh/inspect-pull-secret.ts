/** Evaluates a pull secret for `pullpass inspect secret`: its owner, its expiry, and how a kubelet uses it. */
import { parseDockerConfig, pullSecretType } from '../credential/docker-config.ts'
import { type PullSecretRecord, parseRecord } from '../credential/pull-secret-record.ts'
import type { NamespacedName } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { isDocumentManager } from '../kubernetes/objects/apply-pull-secret.ts'
import { foundIn } from '../kubernetes/objects/list.ts'
import { type PullSecretContent, readPullSecretData } from '../kubernetes/objects/pull-secrets.ts'
import { evaluatePullSecret, type PullSecretEvaluation, type PullSecretProblem } from '../registry/check-pull-secret.ts'
import type { ImageReference } from '../registry/image-reference.ts'
import { Redacted } from '../text/redacted.ts'
import { shellOperand } from '../text/shell.ts'
import { ownRecord } from './own-record.ts'

export interface InspectedSecret {
  readonly secret: NamespacedName
  readonly image: { readonly name: string; readonly reference: ImageReference } | undefined
}

export interface SecretVerdict extends PullSecretEvaluation {
  readonly type: string
  /** Field managers that own the credential. */
  readonly managers: readonly string[]
  /** Field managers that own other fields. */
  readonly otherManagers: readonly string[]
  /** The document that it is written for, if pullpass wrote it. */
  readonly document: string | undefined
  readonly refreshedAt: Date | undefined
}

/** Pure. */
export function inspectPullSecret(
  { secret: target, image }: InspectedSecret,
  content: PullSecretContent,
  now: Date,
): SecretVerdict {
  const { type, annotations, owners, managers, deleting, dockerConfigJson } = content
  const record = parseRecord(annotations)
  const doubts = record === undefined ? [] : doubtsOf(record, content, `${target.namespace}/${target.name}`)
  // Annotations do not describe a credential that another client wrote.
  const trusted = doubts.length === 0 ? record : undefined
  const wrongType = type === pullSecretType ? [] : [wrongTypeOf(type)]
  const config = parseDockerConfig(dockerConfigJson ?? new Redacted('null'))
  const verdict = evaluatePullSecret({ config, registries: trusted?.registries ?? new Map(), image }, now)
  return {
    ...verdict,
    problems: [...wrongType, ...verdict.problems],
    notes: [...doubts, ...(deleting ? ['it is being deleted'] : []), ...verdict.notes],
    type,
    managers: owners.data,
    otherManagers: managers.filter((name) => !owners.data.includes(name)),
    document: trusted?.document,
    refreshedAt: trusted?.refreshedAt,
  }
}

const wrongTypeOf = (type: string): PullSecretProblem => ({
  code: 'SECRET_TYPE_WRONG',
  hop: 'kubernetes',
  seen: `its type is ${type}`,
  expected: `type ${pullSecretType}: kubelets use no other`,
  hint: 'the type of a Secret cannot be changed: create another Secret, and name that one in imagePullSecrets',
})

function doubtsOf(record: PullSecretRecord, content: PullSecretContent, target: string): string[] {
  const copied =
    record.target === target ? [] : [`it is a copy of the Secret ${record.target}, not written by pullpass`]
  const manager = content.owners.data.find(isDocumentManager)
  if (manager === undefined) {
    const seen = `its annotations are those of pullpass, for ${record.document}, but another client wrote its credential`
    return [...copied, seen]
  }
  const edited = ownRecord(content, manager) === undefined
  return [...copied, ...(edited ? ['another client changed its annotations: its expiry is unknown'] : [])]
}

/** With its data. @throws SECRET_NOT_FOUND, and errors of the cluster */
export async function readSecret(cluster: Cluster, { namespace, name }: NamespacedName): Promise<PullSecretContent> {
  const secret = foundIn(await readPullSecretData(cluster, name, [namespace]), namespace)
  if (secret !== undefined) return secret
  throw new PullpassError({
    code: 'SECRET_NOT_FOUND',
    hop: 'kubernetes',
    seen: `Secret ${namespace}/${name} does not exist`,
    expected: 'a pull secret',
    command: `kubectl get secrets -n ${shellOperand(namespace, 'NAMESPACE')} --field-selector type=kubernetes.io/dockerconfigjson`,
  })
}
