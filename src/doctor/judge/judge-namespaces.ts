/** Whether the namespaces of the documents are there: pure. */

import type { Document } from '../../document/document.ts'
import { environmentSource } from '../../document/load-documents.ts'
import { type LabelledNamespace, type NotChosen, whyNotChosen } from '../../document/namespaces.ts'
import { documentName, type Job, selectsNothing } from '../../refresh/plan.ts'
import { quote } from '../../text/quote.ts'
import type { Finding, Remedy } from '../finding.ts'
import type { PlaceFacts } from '../gather/gather-places.ts'
import { alsoSay } from '../remedy/also-say.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { fieldName } from './field-words.ts'

/** `asked`: `--namespace`, which a document has to choose. */
export function judgeNamespaces(
  { jobs, namespaces: known }: Pick<PlaceFacts, 'jobs' | 'namespaces'>,
  asked: string | undefined,
  commands: MendingCommands,
): Finding[] {
  const findings = jobs.flatMap((job) => judgeJob(job, asked, commands))
  const chosen = jobs.some(({ namespaces, missing, terminating }) =>
    [...namespaces, ...missing, ...terminating].some((name) => name === asked),
  )
  if (asked === undefined || chosen) return findings
  const found = known?.find(({ name }) => name === asked)
  if (known !== undefined && found === undefined) return [...findings, judgeAbsent(asked, known)]
  const place = found ?? { name: asked, labels: {} }
  return [...findings, judgeNotChosen(place, jobs, commands)]
}

function judgeNotChosen(place: LabelledNamespace, jobs: readonly Job[], commands: MendingCommands): Finding {
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
function judgeAbsent(asked: string, known: readonly LabelledNamespace[]): Finding {
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
  readonly commands: MendingCommands
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
    return alsoSay(
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

/** With `asked`, whether any document selects that namespace is judged for all of them together. */
function judgeJob(job: Job, asked: string | undefined, commands: MendingCommands): Finding[] {
  const { document, namespaces, missing, terminating, unmatched } = job
  const name = documentName(document)
  if (asked === undefined && selectsNothing(job)) return [judgeEmpty(job)]
  const chosen: Finding = {
    hop: 'namespace',
    about: name,
    result: 'ok',
    code: 'OK',
    seen: namespaces.length <= few ? `chooses ${namespaces.join(', ')}` : `chooses ${namespaces.length} namespaces`,
  }
  return [
    ...missing.map((namespace) => judgeMissing(namespace, document, commands)),
    ...terminating.map(judgeTerminating),
    ...unmatched.map((glob) => judgeUnmatched(glob, name)),
    ...(namespaces.length === 0 ? [] : [chosen]),
  ]
}

function judgeEmpty({ document, unmatched }: Job): Finding {
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

function judgeMissing(namespace: string, document: Document, commands: MendingCommands): Finding {
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
    remedy: alsoSay(refresh, `or take its name out of ${fieldName(document, 'namespaces.include')}`),
  }
}

const judgeTerminating = (namespace: string): Finding => ({
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

const judgeUnmatched = (glob: string, document: string): Finding => ({
  hop: 'namespace',
  about: glob,
  result: 'warning',
  code: 'GLOB_UNMATCHED',
  seen: `${document} names the glob ${glob}, which matches no namespace`,
  expected: 'a namespace that it matches, now or later',
  remedy: { words: 'correct it, if it is misspelt' },
})
