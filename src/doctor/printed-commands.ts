/** The commands that doctor prints, with the files and the cluster of its own command line. */
import type { NamespacedName } from '../document/document.ts'
import type { PullpassError } from '../errors/pullpass-error.ts'
import type { Environment } from '../http/context.ts'
import type { Pod } from '../kubernetes/objects/pods.ts'
import { plainLine } from '../text/plain-text.ts'
import { shellOperand, shellQuote, shellVariable } from '../text/shell.ts'
import { type LoadedStore, parseAmong, targetMeant } from '../vendors/target.ts'
import type { Remedy } from './finding.ts'

export interface CommandLine {
  /** As given: files, folders. Empty: the document of the variables. */
  readonly files: readonly string[]
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly tokenFile: string | undefined
  readonly environment: Environment
  readonly stores: readonly LoadedStore[]
  readonly refreshes: WhoRefreshes
  /** Absent: the CronJob. */
  readonly workload?: 'controller'
  /** Why pullpass refresh refuses the documents. Absent: it does not. */
  readonly refused?: PullpassError | undefined
  readonly at: Date
}

export interface PrintedCommands {
  /** `flag`: the operator chose the file of the subject token, which no installation mounts. */
  readonly tokenFileOf: 'flag' | 'pod'
  /** Those for an installation of the controller, instead of the CronJob. */
  readonly forController: () => PrintedCommands
  /** `pullpass VERB -f FILE …`, with the cluster. */
  readonly pullpass: (verb: string, ...more: readonly string[]) => string
  /** A pullpass command that is about the cluster, not about documents. */
  readonly cluster: (verb: string, ...more: readonly string[]) => string
  readonly check: (issuer: string) => string
  /** The target whose documents are read at this issuer; undefined where it is not a store that pullpass knows. */
  readonly targetOf: (issuer: string) => string | undefined
  /** The command that makes a target public. */
  readonly makePublic: (target: string) => string | undefined
  readonly kubectl: (...words: readonly string[]) => string
  /**
   * Refreshes from here whatever else refreshes: where the token file is in a pod, a token of its account is requested.
   * `audience`: of that token.
   */
  readonly refreshHere: (account: NamespacedName, audience: string | undefined) => string
  /** What refreshes now, after another command where one is named. */
  readonly refresh: (request?: RefreshRequest) => Remedy
  /**
   * Applies what the documents need in the cluster: permissions, and a CronJob with its projected tokens. With
   * --force-conflicts: what is missing was mostly edited, and kubectl would keep the edits.
   */
  readonly install: (namespace: string | undefined, workload?: 'CronJob' | 'controller') => string
}

/** A note about `install`, printed with it. */
export const setsBack =
  'IMAGE is the image of pullpass (kubectl get cronjob pullpass -o yaml); add the flags of the present installation; edits of these objects are overwritten'

/** The options that the commands of doctor contain, complete or up to the value. */
const options =
  /^(?:-|-[fnop]|--(?:adopt|all-pods|controller|dry-run|force-conflicts|ignore-not-found|image|issuer-url|key-state|overwrite|replace|replicas=2|repository|server-side|share-trust-domain|subject|to|to-issuer|token-file|type=merge|from=cronjob\/pullpass|audience=.*))$/s

/** Names come from the cluster and from tokens: another word that begins with `-` would be an option, such as `--server=URL`. */
const printedWord = (word: string): string =>
  options.test(word) && plainLine(word) === word ? shellQuote(word) : shellOperand(word)

export function printedCommands(commandLine: CommandLine): PrintedCommands {
  const { files, kubeconfig, context, tokenFile, environment, stores } = commandLine
  const documents = files.flatMap((file) => ['-f', file])
  const cluster = [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
  ]
  const line = (words: readonly string[], ofOperator: readonly string[] = []) =>
    [...words.map(printedWord), ...ofOperator.map(shellQuote)].join(' ')
  const kubectl = (...words: readonly string[]) => line(['kubectl', ...words], cluster)
  const pullpass = (verb: string, ...more: readonly string[]) =>
    [line(['pullpass', ...verb.split(' ')], documents), line(more, cluster)].filter((part) => part !== '').join(' ')
  const token = tokenFile === undefined ? [] : ['--token-file', tokenFile]
  return {
    tokenFileOf: tokenFile === undefined ? 'pod' : 'flag',
    forController: () => printedCommands({ ...commandLine, workload: 'controller' }),
    pullpass,
    refresh: (request = {}) =>
      refreshRemedy(request, {
        here: (...more) => pullpass('refresh', ...more, ...token),
        logs: (namespace) => kubectl('logs', 'deployment/pullpass-controller', '-n', namespace),
        job: (name, namespace) => kubectl('create', 'job', '--from=cronjob/pullpass', name, '-n', namespace),
        ...commandLine,
      }),
    refreshHere(account, audience) {
      if (commandLine.refreshes === 'this user' || audience === undefined) return pullpass('refresh', ...token)
      const request = kubectl('create', 'token', account.name, '-n', account.namespace, `--audience=${audience}`)
      const refresh = pullpass('refresh', '--token-file', 'pullpass-token')
      return `(umask 077; ${request} > pullpass-token) && ${refresh} && rm pullpass-token`
    },
    cluster: (verb, ...more) => line(['pullpass', ...verb.split(' '), ...more], cluster),
    check: (issuer) => line(['pullpass', 'issuer', 'check', issuer]),
    targetOf: (issuer) => targetMeant(issuer, environment, stores),
    makePublic: (target) => {
      const found = parseAmong(target, stores)
      return found?.store.makePublic(found.name, environment)
    },
    kubectl,
    install: (namespace, workload = 'CronJob') => {
      const inNamespace = namespace === undefined ? [] : ['-n', namespace]
      const flags = workload === 'controller' ? ['--controller', ...inNamespace] : inNamespace
      return `${line(['pullpass', 'manifests'], documents)} ${line([...flags, '--image'])} ${shellVariable('IMAGE')} | ${kubectl('apply', '--server-side', '--force-conflicts', '-f', '-')}`
    },
  }
}

/** Which identity refreshes: that of this run, or the account of the pod with the token file, if it is known. */
type WhoRefreshes = 'this user' | NamespacedName | 'other'

interface RefreshRequest {
  readonly after?: string
  /** Takes over a Secret of another client; `taken over`: of another document, which only the flag permits. */
  readonly conflicts?: 'adopted' | 'taken over'
}

interface Means {
  readonly here: (...flags: readonly string[]) => string
  readonly job: (name: string, namespace: string) => string
  /** Of the controller. */
  readonly logs: (namespace: string) => string
  readonly workload?: 'controller'
  readonly refused?: PullpassError | undefined
  readonly refreshes: WhoRefreshes
  /** Empty: the document of the variables, which has no such field. */
  readonly files: readonly string[]
  readonly at: Date
}

function refreshRemedy(
  { after, conflicts }: RefreshRequest,
  { here, job, logs, workload, refused, refreshes, files, at }: Means,
): Remedy {
  const then = (command: string) => (after === undefined ? command : `${after} && ${command}`)
  const adopt = conflicts === undefined ? [] : ['--adopt']
  if (refused !== undefined) return byControllerOnly(refused, after, conflicts)
  if (refreshes === 'this user') return { command: then(here(...adopt)) }
  if (conflicts !== undefined) {
    const policy = conflicts === 'taken over' || files.length === 0 ? '' : '; or set spec.conflictPolicy: Adopt'
    return { words: `in the pod that refreshes, which has the token file: ${here(...adopt)}${policy}` }
  }
  if (refreshes === 'other' || refreshes.name !== 'pullpass') {
    const words = `${after === undefined ? '' : 'then '}run ${here()} in the pod that refreshes, which has the token file`
    return { ...(after !== undefined && { command: after }), words }
  }
  if (workload === 'controller') {
    if (after !== undefined) return { command: after, words: 'the controller then writes it' }
    const words = 'the controller writes it immediately, unless something prevents that, which its log states'
    return { command: logs(refreshes.namespace), words, form: 'sentence' }
  }
  const name = `pullpass-manual-${Math.floor(at.getTime() / 1000)}`
  const words = 'runs the CronJob of pullpass manifests now: the token file is in its pod'
  return { command: then(job(name, refreshes.namespace)), words }
}

/** A file and a custom resource are written by different installations, and which one is meant is not known. */
function byControllerOnly(
  { seen, details: { instead } }: PullpassError,
  after: string | undefined,
  conflicts: RefreshRequest['conflicts'],
): Remedy {
  if (after !== undefined) return { command: after, words: 'the controller then writes it' }
  if (conflicts !== undefined)
    return { words: `run pullpass refresh --adopt with a copy of the document without this field: ${seen}` }
  return {
    words: `pullpass controller writes it: see its log, or ${instead} (pullpass refresh refuses the document: ${seen})`,
  }
}

/** The command after which a service account names these pull secrets, and no others. */
export function attachCommand(
  { namespace, name }: NamespacedName,
  secrets: readonly string[],
  { kubectl }: PrintedCommands,
): string {
  const patch = JSON.stringify({ imagePullSecrets: secrets.map((secret) => ({ name: secret })) })
  return kubectl('patch', 'serviceaccount', name, '-n', namespace, '--type=merge', '-p', patch)
}

/** What becomes of a pod that is deleted, in words. */
export const recreationNote = ({ controller }: Pick<Pod, 'controller'>): string =>
  controller !== undefined ? 'its controller creates a new one' : 'it has no controller: create it again'
