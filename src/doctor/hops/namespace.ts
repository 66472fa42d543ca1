/** Hop `namespace`: the namespaces of the documents exist, and the one of `--namespace` or `--pod` is selected. */
import { type Document, documentName } from '../../document/document.ts'
import { environmentSource } from '../../document/load-documents.ts'
import { type LabelledNamespace, type NotChosen, whyNotChosen } from '../../document/namespaces.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { type Job, selectsNothing } from '../../refresh/plan.ts'
import { quote } from '../../text/plain-text.ts'
import { type NamespaceFacts, namespacesSource } from '../facts/namespaces.ts'
import { dependencyFailed, failedBy, type HopFinding, type Remedy, withNote } from '../finding.ts'
import { defineHop, type Found, type Hop } from '../hop.ts'
import type { PrintedCommands } from '../printed-commands.ts'
import { fieldName } from '../request.ts'

export const namespaceHop: Hop = defineHop({
  name: 'namespace',
  needs: { namespaces: namespacesSource },
  after: ['cluster', 'rights'],
  evaluate({ namespaces: facts }, { found, request: { namespace, commands } }) {
    const failure = found.failure('cluster')
    if (failure !== undefined) return [dependencyFailed('namespace', '', failure)]
    if (facts instanceof PullpassError) return [evaluateUnlisted(facts, found)]
    return facts === undefined ? [] : evaluateNamespaces(facts, namespace, commands)
  },
})

/** The namespaces that match a glob or a selector are not known; or two documents claim one Secret. */
function evaluateUnlisted(fault: PullpassError, found: Found): HopFinding {
  if (fault.code === 'SECRET_CLAIMED_TWICE') return failedBy('document', 'documents', fault)
  const cause = found.failure('rights')
  return cause === undefined
    ? failedBy('namespace', 'namespaces', fault)
    : dependencyFailed('namespace', 'namespaces', cause)
}

/** `requested`: `--namespace`, which a document has to select. */
function evaluateNamespaces(
  { jobs, namespaces: known }: Pick<NamespaceFacts, 'jobs' | 'namespaces'>,
  requested: string | undefined,
  commands: PrintedCommands,
): HopFinding[] {
  const findings = jobs.flatMap((job) => evaluateJob(job, requested, commands))
  const chosen = jobs.some(({ namespaces, missing, terminating }) =>
    [...namespaces, ...missing, ...terminating].some((name) => name === requested),
  )
  if (requested === undefined || chosen) return findings
  const found = known?.find(({ name }) => name === requested)
  if (known !== undefined && found === undefined) return [...findings, evaluateAbsent(requested, known)]
  const namespace = found ?? { name: requested, labels: {} }
  return [...findings, evaluateNotChosen(namespace, jobs, commands)]
}

function evaluateNotChosen(namespace: LabelledNamespace, jobs: readonly Job[], commands: PrintedCommands): HopFinding {
  const documents = jobs.map(({ document }) => document)
  const reasons = documents.map((document) => ({ document, why: whyNotChosen(document.namespaces, namespace) }))
  const excluded = reasons.flatMap(({ document, why }) =>
    why?.reason === 'excluded' ? [`${documentName(document)} excludes ${quote(why.by)}`] : [],
  )
  const [first] = reasons
  return {
    hop: 'namespace',
    about: namespace.name,
    result: 'failed',
    code: 'NAMESPACE_NOT_SELECTED',
    seen: [`${namespace.name} is selected by none of ${documents.map(documentName).join(', ')}`, ...excluded].join(
      '; ',
    ),
    expected: 'a namespace that exists and that a document selects',
    remedy: first === undefined ? {} : howToChoose(first, namespace, { documents, commands }),
  }
}

/** So many are named. */
const few = 5

/** Which no document need choose: there is none. */
function evaluateAbsent(requested: string, known: readonly LabelledNamespace[]): HopFinding {
  const more = known.length > few ? ` and ${known.length - few} more` : ''
  return {
    hop: 'namespace',
    about: requested,
    namespace: requested,
    result: 'failed',
    code: 'NAMESPACE_NOT_FOUND',
    seen: `namespace ${requested} does not exist: the cluster has ${known
      .slice(0, few)
      .map(({ name }) => name)
      .join(', ')}${more}`,
    expected: 'a namespace that exists and that a document selects',
    remedy: {
      words: `correct the name in --namespace or --pod; or create the namespace, and select it in a document`,
    },
  }
}

interface Reason {
  readonly document: Document
  readonly why: NotChosen | undefined
}

interface Choosing {
  readonly documents: readonly Document[]
  readonly commands: PrintedCommands
}

/** By the first document: what excludes the namespace there is changed there. */
function howToChoose(
  { document, why }: Reason,
  { name }: LabelledNamespace,
  { documents, commands }: Choosing,
): Remedy {
  const { matchLabels = {}, matchExpressions = [] } = document.namespaces.selector ?? {}
  if (why?.reason === 'excluded') {
    return {
      words: `remove ${quote(why.by)} from spec.namespaces.exclude in ${document.source}, or change it so that it does not match ${name}; then refresh`,
    }
  }
  if (why?.reason === 'labels' && matchExpressions.length === 0) {
    const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
    const after = commands.kubectl('label', 'namespace', name, ...labels, '--overwrite')
    return withNote(
      commands.refresh({ after }),
      `these are the labels of spec.namespaces.selector in ${document.source}`,
    )
  }
  if (why?.reason === 'labels') {
    return { words: `add the labels of spec.namespaces.selector in ${document.source} to it; then refresh` }
  }
  const add = `add it to ${fieldName(document, 'namespaces.include')}`
  const isOfVariables = documents.every(({ source }) => source === environmentSource)
  return {
    words: isOfVariables ? add : `${add} of a document; namespaces kube-* are selected only by their exact name`,
  }
}

/** With `requested`, whether any document selects that namespace is evaluated for all of them together. */
function evaluateJob(job: Job, requested: string | undefined, commands: PrintedCommands): HopFinding[] {
  const { document, namespaces, missing, terminating, unmatched } = job
  const name = documentName(document)
  if (requested === undefined && selectsNothing(job)) return [evaluateEmpty(job)]
  const chosen: HopFinding = {
    hop: 'namespace',
    about: name,
    result: 'ok',
    code: 'OK',
    seen: namespaces.length <= few ? `selects ${namespaces.join(', ')}` : `selects ${namespaces.length} namespaces`,
  }
  return [
    ...missing.map((namespace) => evaluateMissing(namespace, document, commands)),
    ...terminating.map(evaluateTerminating),
    ...unmatched.map((glob) => evaluateUnmatched(glob, name)),
    ...(namespaces.length === 0 ? [] : [chosen]),
  ]
}

function evaluateEmpty({ document, unmatched }: Job): HopFinding {
  const globs = unmatched.length === 0 ? '' : `: no namespace matches ${unmatched.join(', ')}`
  const allowed = document.namespaces.emptyPolicy === 'Allow'
  return {
    hop: 'namespace',
    about: documentName(document),
    result: allowed ? 'ok' : 'failed',
    code: allowed ? 'OK' : 'NAMESPACES_EMPTY',
    seen: `selects no namespace${globs}${allowed ? ', which its emptyPolicy allows' : ''}`,
    ...(!allowed && {
      expected: 'at least one namespace to write to',
      remedy: {
        words: `correct ${fieldName(document, 'namespaces.include')}, or the selector; create or label the namespaces; an empty selection is allowed by spec.namespaces.emptyPolicy: Allow, or refresh --allow-empty`,
      },
    }),
  }
}

function evaluateMissing(namespace: string, document: Document, commands: PrintedCommands): HopFinding {
  const refresh = commands.refresh({ after: commands.kubectl('create', 'namespace', namespace) })
  return {
    hop: 'namespace',
    about: namespace,
    namespace,
    alike: 'namespaces',
    result: 'failed',
    code: 'NAMESPACE_NOT_FOUND',
    causeKey: document.source,
    seen: `namespace ${namespace} does not exist, and ${document.source} names it`,
    expected: 'a namespace that exists',
    remedy: withNote(refresh, `or remove its name from ${fieldName(document, 'namespaces.include')}`),
  }
}

const evaluateTerminating = (namespace: string): HopFinding => ({
  hop: 'namespace',
  about: namespace,
  namespace,
  alike: 'namespaces',
  result: 'warning',
  code: 'NAMESPACE_TERMINATING',
  causeKey: '',
  seen: `namespace ${namespace} is being deleted: a refresh skips it`,
  expected: 'no pods that still pull there',
  remedy: { words: 'none, unless the deletion does not end: check its finalizers' },
})

const evaluateUnmatched = (glob: string, document: string): HopFinding => ({
  hop: 'namespace',
  about: glob,
  result: 'warning',
  code: 'GLOB_UNMATCHED',
  seen: `${document} names the glob ${glob}, which matches no namespace`,
  expected: 'a namespace that matches it, now or later',
  remedy: { words: 'correct it if it is misspelled' },
})
