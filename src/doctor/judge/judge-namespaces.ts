/** Whether the namespaces of the documents are there: pure. */
import type { Document } from '../../document/document.ts'
import { environmentSource } from '../../document/document-from-environment.ts'
import { documentName } from '../../refresh/document-name.ts'
import type { Job } from '../../refresh/plan-refresh.ts'
import type { Finding } from '../finding.ts'
import { alsoSay } from '../remedy/also-say.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'

/** `asked`: `--namespace`, which a document has to choose. */
export function judgeNamespaces(jobs: readonly Job[], asked: string | undefined, commands: MendingCommands): Finding[] {
  const findings = jobs.flatMap((job) => judgeJob(job, commands))
  const chosen = jobs.some(({ namespaces, missing, terminating }) =>
    [...namespaces, ...missing, ...terminating].some((name) => name === asked),
  )
  if (asked === undefined || chosen) return findings
  const notChosen: Finding = {
    hop: 'namespace',
    about: asked,
    result: 'failed',
    code: 'NAMESPACE_NOT_CHOSEN',
    seen: `${asked} is chosen by none of ${jobs.map(({ document }) => documentName(document)).join(', ')}`,
    expected: 'a namespace that is there, and that a document chooses',
    remedy: { words: howToChoose(jobs.map(({ document }) => document)) },
  }
  return [...findings, notChosen]
}

const howToChoose = (documents: readonly Document[]): string =>
  documents.every(({ source }) => source === environmentSource)
    ? 'add it to REGISTRY_SECRET_NAMESPACES'
    : 'add it to spec.namespaces.include of a document, or give it the labels that its selector wants; namespaces kube-* are chosen by their exact name only'

/** So many are named. */
const few = 5

function judgeJob(
  { document, namespaces, missing, terminating, unmatched }: Job,
  commands: MendingCommands,
): Finding[] {
  const name = documentName(document)
  const chosen: Finding = {
    hop: 'namespace',
    about: name,
    result: 'ok',
    code: 'OK',
    seen: namespaces.length <= few ? `chooses ${namespaces.join(', ')}` : `chooses ${namespaces.length} namespaces`,
  }
  return [
    ...missing.map((namespace) => judgeMissing(namespace, document.source, commands)),
    ...terminating.map(judgeTerminating),
    ...unmatched.map((glob) => judgeUnmatched(glob, name)),
    ...(namespaces.length === 0 ? [] : [chosen]),
  ]
}

function judgeMissing(namespace: string, source: string, commands: MendingCommands): Finding {
  const refresh = commands.refresh({ after: commands.kubectl('create', 'namespace', namespace) })
  return {
    hop: 'namespace',
    about: namespace,
    namespace,
    alike: 'namespaces',
    result: 'failed',
    code: 'NAMESPACE_MISSING',
    seen: `namespace ${namespace} is not there, and ${source} names it`,
    expected: 'a namespace that exists',
    remedy: alsoSay(refresh, 'or take its name out of the document'),
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
