/**
 * Why an object still exists after its deletion: a deletion in the foreground waits for everything that the object owns,
 * and the deletion of a namespace for everything in it; a finalizer delays each of these.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
 */
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ApiKind, type ApiObject, discoverNamespacedKinds, listObjects } from '../kubernetes/objects/api-object.ts'
import { shellOperand } from '../text/shell.ts'

/** What a CronJob owns, where the API server does not list all of its kinds. */
const kindsOfCronJob: readonly ApiKind[] = [
  { group: 'batch', version: 'v1', kind: 'Job', resource: 'jobs' },
  { group: '', version: 'v1', kind: 'Pod', resource: 'pods' },
]

/** Set by the API server itself for the way of a deletion: they end with what they wait for. */
const ofDeletion = new Set(['foregroundDeletion', 'orphan'])

const shown = 5

/** `object`: as it is now. Names its dependents with finalizers, or else all dependents. */
export async function stillExists(cluster: Cluster, object: ApiObject, afterMs: number): Promise<PullpassError> {
  const dependents = await findDependents(cluster, object)
  const all = [object, ...dependents]
  const delayed = all.filter((one) => finalizersOf(one).length > 0)
  const reasons = delayed.length > 0 ? delayed.map(describe) : dependents.map(nameOf)
  const more = reasons.length > shown ? ` and ${reasons.length - shown} more` : ''
  const why = reasons.length === 0 ? '' : `: ${reasons.slice(0, shown).join(', ')}${more}`
  const [first] = delayed
  const edit = first === undefined ? undefined : editCommand(first)
  return new PullpassError({
    code: 'KUBERNETES_REFUSED',
    hop: 'kubernetes',
    seen: `${nameOf(object)} was deleted, and still exists after ${afterMs / 1000} s${why}`,
    expected: 'the object to be removed, with everything that depends on it',
    hint:
      edit === undefined
        ? 'wait until its dependents are removed, then run the same command again'
        : `let the controller of the finalizer finish, or remove the finalizer (${edit}); then run the same command again`,
    retryable: true,
  })
}

/** Empty where they may not be listed: the timeout is reported without them. */
async function findDependents(cluster: Cluster, object: ApiObject): Promise<ApiObject[]> {
  const isNamespace = object.type.kind === 'Namespace'
  const namespace = isNamespace ? object.name : object.namespace
  if (namespace === undefined) return []
  try {
    const kinds = (isNamespace ? await discoverNamespacedKinds(cluster) : undefined) ?? kindsOfCronJob
    const lists = await Promise.all(kinds.map(async (kind) => await listObjects(cluster, kind, { namespace })))
    return isNamespace ? lists.flat() : ownedBy(object.uid, lists.flat())
  } catch (fault) {
    if (fault instanceof PullpassError) return []
    throw fault
  }
}

/** Directly or through others: a CronJob owns Jobs, which own Pods. */
function ownedBy(uid: string, objects: readonly ApiObject[]): ApiObject[] {
  const owners = new Set([uid])
  for (let size = 0; size !== owners.size; ) {
    size = owners.size
    for (const one of objects) if (one.ownerUids.some((owner) => owners.has(owner))) owners.add(one.uid)
  }
  return objects.filter((one) => one.uid !== uid && owners.has(one.uid))
}

const finalizersOf = ({ finalizers }: ApiObject): string[] => finalizers.filter((name) => !ofDeletion.has(name))

const describe = (object: ApiObject): string => {
  const names = finalizersOf(object)
  return `${nameOf(object)} has finalizer${names.length === 1 ? '' : 's'} ${names.join(', ')}`
}

const nameOf = ({ type, namespace, name }: ApiObject): string =>
  `${type.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`

/** Names of RBAC objects may contain any character except "/" and "%". */
const editCommand = ({ type, namespace, name }: ApiObject): string =>
  `kubectl edit ${shellOperand(type.resource)} ${shellOperand(name)}${namespace === undefined ? '' : ` -n ${shellOperand(namespace)}`}`
