/** Why the key state could not be written. The messages name the ConfigMap, since it may be the default one. */
import type { NamespacedName } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { shellOperand } from '../text/shell.ts'

/** Other errors are returned unchanged. `others'`: another process serves the entries, and writes them again. */
export function keyStateFault(
  error: unknown,
  keyStateRef: NamespacedName,
  entries: 'its own' | "others'" = 'its own',
): unknown {
  if (!(error instanceof PullpassError)) return error
  if (error.code === 'NAMESPACE_NOT_FOUND') return namespaceMissing(error, keyStateRef)
  if (error.code === 'OBJECT_TOO_LARGE') return tooLarge(error, keyStateRef)
  const { refusal } = error
  if (refusal?.kind === 'immutable') return frozen(error, keyStateRef, entries)
  // deploy/issuer-revocations
  const isVerbMissing = refusal?.kind === 'verb-required' && refusal.resource === 'revocations.pullpass.dev'
  return isVerbMissing && refusal.verb === 'remember' ? verbMissing(error, keyStateRef) : error
}

function namespaceMissing(error: PullpassError, { namespace, name }: NamespacedName): PullpassError {
  return new PullpassError({
    code: error.code,
    hop: error.hop,
    seen: `namespace ${namespace} does not exist: ConfigMap ${namespace}/${name} could not be written`,
    expected: 'an existing namespace for the key state',
    hint: 'pass another ConfigMap (--key-state NAMESPACE/NAME), or create the namespace',
    command: `kubectl create namespace ${shellOperand(namespace, 'NAMESPACE')}`,
    cause: error,
  })
}

function verbMissing(error: PullpassError, { namespace, name }: NamespacedName): PullpassError {
  const { code, hop, seen } = error
  return new PullpassError({
    code,
    hop,
    seen,
    expected: `the verb remember on revocations.pullpass.dev for ConfigMap ${namespace}/${name}, in addition to the permission to write it`,
    hint: `grant the rule {apiGroups: [pullpass.dev], resources: [revocations], resourceNames: [${name}], verbs: [remember]} in a Role of ${namespace}`,
    cause: error,
  })
}

/** With an empty first entry the API server drops all managed fields. */
const bareMetadata = '.metadata |= {namespace, name, resourceVersion, managedFields: [{}]}'
/** What pullpass writes into its ConfigMaps: `key-state.ts`, `serve/served-target.ts`. */
const ownEntries =
  '.data |= with_entries(select((.key | test("^((key|revoked)[.][A-Za-z0-9_-]{43}|authorities|servers|jwks.json)$")) and (.key == "jwks.json" or (.value | length) <= 4096)))'

function tooLarge(
  { code, hop, seen, expected, cause }: PullpassError,
  { namespace, name }: NamespacedName,
): PullpassError {
  const [where, what] = [shellOperand(namespace, 'NAMESPACE'), shellOperand(name)]
  const filter = `${bareMetadata} | ${ownEntries} | del(.binaryData)`
  return new PullpassError({
    code,
    hop,
    seen,
    expected,
    hint: 'apply deploy/issuer-revocations, which prevents it, and check which clients may write the ConfigMap; remove what pullpass did not write',
    command: `kubectl -n ${where} get configmap ${what} -o json | jq '${filter}' | kubectl replace -f -`,
    cause,
  })
}

/** The ConfigMap accepts no more data than this leaves. Bytes. */
const nearlyFull = 1024 * 1024

/** Before a write fails: no ConfigMap of pullpass reaches a third of this by itself. */
export function nearlyFullFault(bytes: number, keyStateRef: NamespacedName): PullpassError | undefined {
  if (bytes <= nearlyFull) return undefined
  const fault = new PullpassError({
    code: 'OBJECT_TOO_LARGE',
    hop: 'kubernetes',
    seen: `ConfigMap ${keyStateRef.namespace}/${keyStateRef.name} takes ${bytes} bytes with its labels, annotations and managed fields`,
    expected: `at most ${nearlyFull}: with more, the cluster may refuse a revocation`,
  })
  return tooLarge(fault, keyStateRef)
}

function frozen(
  error: PullpassError,
  { namespace, name }: NamespacedName,
  entries: 'its own' | "others'",
): PullpassError {
  const { code, hop, seen } = error
  const gone = ['.immutable', '.metadata.resourceVersion', '.metadata.uid', ...(entries === 'its own' ? [] : ['.data'])]
  const configMap = `kubectl -n ${shellOperand(namespace, 'NAMESPACE')} get configmap ${shellOperand(name)} -o json`
  return new PullpassError({
    code,
    hop,
    seen,
    expected: 'a ConfigMap that can be updated: immutable cannot be reverted',
    hint: 'check which clients may write it, and create it again',
    command: `${configMap} | jq 'del(${gone.join(', ')})' | kubectl replace --force -f -`,
    cause: error,
  })
}
