/** Hop `pod`: the pod names the pull secret. */

import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Pod } from '../../../kubernetes/objects/pods.ts'
import { rfc3339 } from '../../../text/time.ts'
import { knownNamespaces, namespacesSource } from '../../facts/namespaces.ts'
import { type PodFacts, podSource } from '../../facts/pods.ts'
import { dependencyFailed, type HopFinding, type Remedy } from '../../finding.ts'
import { defineHop, type Hop } from '../../hop.ts'
import { attachCommand, type PrintedCommands, recreationNote } from '../../printed-commands.ts'
import { secretNamesIn } from '../../request.ts'

export const podHop: Hop = defineHop({
  name: 'pod',
  needs: { pod: podSource, namespaces: namespacesSource },
  after: ['cluster'],
  applies: ({ pod }) => pod !== undefined,
  evaluate({ pod: facts, namespaces }, { found, request: { pod, commands } }) {
    const failure = found.failure('cluster')
    if (pod !== undefined && failure !== undefined) return [dependencyFailed('pod', '', failure)]
    const known = knownNamespaces(namespaces)
    if (facts === undefined || known === undefined) return []
    return [evaluatePod(facts, secretNamesIn(facts.name.namespace, known.jobs), commands)]
  },
})

/** `secretNames`: of the Secrets that documents write into its namespace. */
function evaluatePod(
  { name, pod, account }: PodFacts,
  secretNames: readonly string[],
  commands: PrintedCommands,
): HopFinding {
  const base = { hop: 'pod', about: `Pod ${name.namespace}/${name.name}` } as const
  if (pod instanceof PullpassError)
    return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be read: ${pod.seen}` }
  if (pod === undefined) {
    return {
      ...base,
      result: 'failed',
      code: 'POD_NOT_FOUND',
      seen: 'it does not exist',
      expected: 'a pod of this name',
      remedy: {
        command: commands.kubectl('get', 'pods', '-n', name.namespace),
        words: 'lists the pods that exist',
      },
    }
  }
  const named = secretNames.find((secret) => pod.imagePullSecrets.includes(secret))
  if (named !== undefined) return { ...base, result: 'ok', code: 'OK', seen: `it names ${named}` }
  const [missing] = secretNames
  if (missing === undefined) {
    const seen = `no document writes a Secret into namespace ${name.namespace}`
    return { ...base, result: 'skipped', code: 'NOT_APPLICABLE', seen }
  }
  const attached = account === undefined || account instanceof PullpassError ? [] : account.imagePullSecrets
  const evaluate = attached.includes(missing) && pod.imagePullSecrets.length === 0 ? evaluateOlder : evaluateLacking
  return { ...base, result: 'failed', ...evaluate(pod, { missing, attached, commands }) }
}

interface Lack {
  readonly missing: string
  /** Of the service account, now. */
  readonly attached: readonly string[]
  readonly commands: PrintedCommands
}

type Lacking = Pick<HopFinding, 'code' | 'seen' | 'expected' | 'remedy'>

function evaluateOlder(pod: Pod, { missing, commands }: Lack): Lacking {
  const { namespace, name, serviceAccountName, createdAt } = pod
  const made = createdAt === undefined ? 'made' : `made at ${rfc3339(createdAt)},`
  return {
    code: 'POD_OLDER_THAN_ATTACHMENT',
    seen: `it has no imagePullSecrets: it was ${made} before ServiceAccount ${serviceAccountName} named ${missing}`,
    expected: `${missing}, which is copied from the service account when a pod is created, and never later`,
    remedy: { command: commands.kubectl('delete', 'pod', name, '-n', namespace), words: recreationNote(pod) },
  }
}

function evaluateLacking(pod: Pod, lack: Lack): Lacking {
  const { imagePullSecrets } = pod
  const { missing } = lack
  const names =
    imagePullSecrets.length === 0 ? 'no imagePullSecrets' : `imagePullSecrets ${imagePullSecrets.join(', ')}`
  return {
    code: 'POD_SECRET_MISSING',
    seen: `it has ${names}: kubelets pull its images without ${missing}`,
    expected: `${missing} among them`,
    remedy: remedyOf(pod, lack),
  }
}

/** A pod that names any pull secret itself gets none of its service account. */
function remedyOf(pod: Pod, { missing, attached, commands }: Lack): Remedy {
  const { namespace, name, serviceAccountName, imagePullSecrets } = pod
  if (imagePullSecrets.length > 0 && !attached.some((secret) => imagePullSecrets.includes(secret))) {
    return {
      words: `add ${missing} to spec.imagePullSecrets of the pod template: since it names others, it gets none of its service account`,
    }
  }
  const account = { namespace, name: serviceAccountName }
  const patch = attachCommand(account, [...new Set([...attached, missing])], commands)
  return {
    command: `${patch} && ${commands.kubectl('delete', 'pod', name, '-n', namespace)}`,
    words: `${recreationNote(pod)}; a refresh does the first part in every namespace: spec.attachToServiceAccounts: [${serviceAccountName}]`,
  }
}
