/** Whether a pod names the pull secret, and why not: pure. */

import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Pod } from '../../kubernetes/objects/pods.ts'
import type { Finding, Remedy } from '../finding.ts'
import type { PodFacts } from '../gather/gather-pod.ts'
import { attachCommand } from '../remedy/attach-command.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { remakeWords } from '../remedy/remake-words.ts'

/** `secretNames`: of the Secrets that documents write into its namespace. */
export function judgePodNaming(
  pod: Pod,
  account: PodFacts['account'],
  { secretNames, commands }: { readonly secretNames: readonly string[]; readonly commands: MendingCommands },
): Finding {
  const { namespace, name, imagePullSecrets } = pod
  const base = { hop: 'pod', about: `Pod ${namespace}/${name}` } as const
  const found = secretNames.find((secret) => imagePullSecrets.includes(secret))
  if (found !== undefined) return { ...base, result: 'ok', code: 'OK', seen: `it names ${found}` }
  const [wanted] = secretNames
  if (wanted === undefined) {
    const seen = `no document writes a Secret into namespace ${namespace}`
    return { ...base, result: 'skipped', code: 'NOT_APPLICABLE', seen }
  }
  const held = account === undefined || account instanceof PullpassError ? [] : account.imagePullSecrets
  const judged = held.includes(wanted) && imagePullSecrets.length === 0 ? judgeOlder : judgeLacking
  return { ...base, result: 'failed', ...judged(pod, { wanted, held, commands }) }
}

interface Lack {
  readonly wanted: string
  /** Of the service account, now. */
  readonly held: readonly string[]
  readonly commands: MendingCommands
}

type Judged = Pick<Finding, 'code' | 'seen' | 'expected' | 'remedy'>

function judgeOlder(pod: Pod, { wanted, commands }: Lack): Judged {
  const { namespace, name, serviceAccountName, createdAt } = pod
  const made = createdAt === undefined ? 'made' : `made at ${createdAt.toISOString()},`
  return {
    code: 'POD_OLDER_THAN_ATTACHMENT',
    seen: `it has no imagePullSecrets: it was ${made} before ServiceAccount ${serviceAccountName} named ${wanted}`,
    expected: `${wanted}, which is copied from the service account when a pod is made, and never later`,
    remedy: { command: commands.kubectl('delete', 'pod', name, '-n', namespace), words: remakeWords(pod) },
  }
}

function judgeLacking(pod: Pod, lack: Lack): Judged {
  const { imagePullSecrets } = pod
  const { wanted } = lack
  const names =
    imagePullSecrets.length === 0 ? 'no imagePullSecrets' : `imagePullSecrets ${imagePullSecrets.join(', ')}`
  return {
    code: 'POD_SECRET_MISSING',
    seen: `it has ${names}: a kubelet pulls for it without ${wanted}`,
    expected: `${wanted} among them`,
    remedy: remedyOf(pod, lack),
  }
}

/** A pod that names any pull secret itself gets none of its service account. */
function remedyOf(pod: Pod, { wanted, held, commands }: Lack): Remedy {
  const { namespace, name, serviceAccountName, imagePullSecrets } = pod
  if (imagePullSecrets.length > 0 && !held.some((secret) => imagePullSecrets.includes(secret))) {
    return {
      words: `add ${wanted} to spec.imagePullSecrets of what makes this pod: naming others, it gets none of its service account`,
    }
  }
  const account = { namespace, name: serviceAccountName }
  const patch = attachCommand(account, [...new Set([...held, wanted])], commands)
  return {
    command: `${patch} && ${commands.kubectl('delete', 'pod', name, '-n', namespace)}`,
    words: `${remakeWords(pod)}; a refresh does the first half in every namespace: spec.attachToServiceAccounts: [${serviceAccountName}]`,
  }
}
