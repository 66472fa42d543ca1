/** Hop `namespace`: the namespaces of the documents exist, and the one of `--namespace` or `--pod` is selected. */
import type { Document } from '../../document/document.ts'
import { environmentSource } from '../../document/load-documents.ts'
import { type LabelledNamespace, type NotChosen, whyNotChosen } from '../../document/namespaces.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { documentName, type Job, selectsNothing } from '../../refresh/plan.ts'
import { quote } from '../../text/plain-text.ts'
import { type NamespaceFacts, namespacesSource } from '../facts/namespaces.ts'
import { dependencyFailed, type Finding, failedBy, type Remedy, withNote } from '../finding.ts'
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
function evaluateUnlisted(fault: PullpassError, found: Found): Finding {
  if (fault.code === 'SECRET_CLAIMED_TWICE') return failedBy('document', 'documents', fault)
  const cause = found.failure('rights')
  return cause === undefined
    ? failedBy('namespace', 'namespaces', fault)
    : dependencyFailed('namespace', 'namespaces', cause)
}

/** `asked`: `--namespace`, which a document has to choose. */
function evaluateNamespaces(
  { jobs, namespaces: known }: Pick<NamespaceFacts, 'jobs' | 'namespaces'>,
  asked: string | undefined,
  commands: PrintedCommands,
): Finding[] {
  const findings = jobs.flatMap((job) => evaluateJob(job, asked, commands))
  const chosen = jobs.some(({ namespaces, missing, terminating }) =>
    [...namespaces, ...missing, ...terminating].some((name) => name === asked),
  )
  if (asked === undefined || chosen) return findings
  const found = known?.find(({ name }) => name === asked)
  if (known !== undefined && found === undefined) return [...findings, evaluateAbsent(asked, known)]
  const place = found ?? { name: asked, labels: {} }
  return [...findings, evaluateNotChosen(place, jobs, commands)]
}

function evaluateNotChosen(place: LabelledNamespace, jobs: readonly Job[], commands: PrintedCommands): Finding {
  const documents = jobs.map(({ document }) => document)
  const reasons = documents.map((document) => ({ document, why: whyNotChosen(document.namespaces, place) }))
  const excluded = reasons.flatMap(({ document, why }) =>
    why?.reason === 'excluded' ? [`${documentName(document)} excludes ${quote(why.by)}`] : [],
  )
  const [first] = reasons
  return {
    hop: 'namespace',
    about: place.name,
    result: 'failed',
    code: 'NAMESPACE_NOT_SELECTED',
    seen: [`${place.name} is chosen by none of ${documents.map(documentName).join(', ')}`, ...excluded].join('; '),
    expected: 'a namespace that is there, and that a document chooses',
    remedy: first === undefined ? {} : howToChoose(first, place, { documents, commands }),
  }
}

/** So many are named. */
const few = 5

/** Which no document need choose: there is none. */
function evaluateAbsent(asked: string, known: readonly LabelledNamespace[]): Finding {
  const more = known.length > few ? ` and ${known.length - few} more` : ''
  return {
    hop: 'namespace',
    about: asked,
    namespace: asked,
    result: 'failed',
    code: 'NAMESPACE_NOT_FOUND',
    seen: `namespace ${asked} does not exist: there are ${known
      .slice(0, few)
      .map(({ name }) => name)
      .join(', ')}${more}`,
    expected: 'a namespace that is there, and that a document chooses',
    remedy: {
      words: `correct the name after --namespace or --pod; or make the namespace, and choose it in a document`,
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

/** By the first document: what stands in the way there is what is changed there. */
function howToChoose(
  { document, why }: Reason,
  { name }: LabelledNamespace,
  { documents, commands }: Choosing,
): Remedy {
  const { matchLabels = {}, matchExpressions = [] } = document.namespaces.selector ?? {}
  if (why?.reason === 'excluded') {
    return {
      words: `take ${quote(why.by)} out of spec.namespaces.exclude in ${document.source}, or write it so that it does not match ${name}; then refresh`,
    }
  }
  if (why?.reason === 'labels' && matchExpressions.length === 0) {
    const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
    const after = commands.kubectl('label', 'namespace', name, ...labels, '--overwrite')
    return withNote(
      commands.refresh({ after }),
      `those are the labels that spec.namespaces.selector in ${document.source} asks for`,
    )
  }
  if (why?.reason === 'labels') {
    return { words: `give it the labels that spec.namespaces.selector in ${document.source} asks for; then refresh` }
  }
  const add = `add it to ${fieldName(document, 'namespaces.include')}`
  const isOfVariables = documents.every(({ source }) => source === environmentSource)
  return {
    words: isOfVariables ? add : `${add} of a document; namespaces kube-* are chosen by their exact name only`,
  }
}

/** With `asked`, whether any document selects that namespace is evaluated for all of them together. */
function evaluateJob(job: Job, asked: string | undefined, commands: PrintedCommands): Finding[] {
  const { document, namespaces, missing, terminating, unmatched } = job
  const name = documentName(document)
  if (asked === undefined && selectsNothing(job)) return [evaluateEmpty(job)]
  const chosen: Finding = {
    hop: 'namespace',
    about: name,
    result: 'ok',
    code: 'OK',
    seen: namespaces.length <= few ? `chooses ${namespaces.join(', ')}` : `chooses ${namespaces.length} namespaces`,
  }
  return [
    ...missing.map((namespace) => evaluateMissing(namespace, document, commands)),
    ...terminating.map(evaluateTerminating),
    ...unmatched.map((glob) => evaluateUnmatched(glob, name)),
    ...(namespaces.length === 0 ? [] : [chosen]),
  ]
}

function evaluateEmpty({ document, unmatched }: Job): Finding {
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

function evaluateMissing(namespace: string, document: Document, commands: PrintedCommands): Finding {
  const refresh = commands.refresh({ after: commands.kubectl('create', 'namespace', namespace) })
  return {
    hop: 'namespace',
    about: namespace,
    namespace,
    alike: 'namespaces',
    result: 'failed',
    code: 'NAMESPACE_NOT_FOUND',
    seen: `namespace ${namespace} does not exist, and ${document.source} names it`,
    expected: 'a namespace that exists',
    remedy: withNote(refresh, `or take its name out of ${fieldName(document, 'namespaces.include')}`),
  }
}

const evaluateTerminating = (namespace: string): Finding => ({
  hop: 'namespace',
  about: namespace,
  namespace,
  alike: 'namespaces',
  result: 'warning',
  code: 'NAMESPACE_TERMINATING',
  seen: `namespace ${namespace} is being deleted: a refresh passes over it`,
  expected: 'that nobody pulls there any more',
  remedy: { words: 'nothing to do, unless it hangs: see its finalizers' },
})

const evaluateUnmatched = (glob: string, document: string): Finding => ({
  hop: 'namespace',
  about: glob,
  result: 'warning',
  code: 'GLOB_UNMATCHED',
  seen: `${document} names the glob ${glob}, which matches no namespace`,
  expected: 'a namespace that it matches, now or later',
  remedy: { words: 'correct it, if it is misspelt' },
})
