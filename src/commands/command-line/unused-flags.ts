/** Refuses flags of refresh and doctor that have no effect on the given documents. */
import { type Document, readsTokenFile } from '../../document/document.ts'
import { needsNamespaceList } from '../../document/namespaces.ts'
import type { PullpassError } from '../../errors/pullpass-error.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import { shortDuration } from '../../text/time.ts'
import { usageFault } from './flag.ts'

const idle = (command: string, flag: string, why: string, expected: string): PullpassError =>
  usageFault(command, `${flag} has no effect: ${why}`, expected)

/** `file`: the value of --token-file. @throws USAGE_INVALID if no registry uses the token file of the run */
export function refuseUnusedTokenFile(command: string, file: string | undefined, documents: readonly Document[]): void {
  const isRead = documents.some((document) =>
    document.registries.some((registry) => registry.tokenFile === undefined && readsTokenFile(document, registry)),
  )
  if (file === undefined || isRead) return
  const why = 'every registry has its own tokenFile, or a token requested by serviceAccountRef'
  throw idle(command, '--token-file', why, 'a document without serviceAccountRef and tokenFile, or no --token-file')
}

/** @throws USAGE_INVALID if all documents select namespaces only by name */
export function refuseUnusedAllowEmpty(command: string, documents: readonly Document[]): void {
  if (documents.some(({ namespaces }) => needsNamespaceList(namespaces))) return
  const why = 'all documents select namespaces only by name'
  throw idle(command, '--allow-empty', why, 'a glob or a selector: a named namespace that does not exist always fails')
}

/** @throws USAGE_INVALID if no credential is valid that long, so that every run exchanges */
export function refuseUnusedMinRemaining(
  command: string,
  { text, ms }: { readonly text: string; readonly ms: number },
  exchangeRequests: readonly ExchangeRequest[],
): void {
  const longestSeconds = Math.max(...exchangeRequests.map(({ credentialLifeSeconds }) => credentialLifeSeconds))
  if (longestSeconds * 1000 > ms) return
  const longest = shortDuration(longestSeconds * 1000)
  const why = `new credentials of these documents are valid for at most ${longest}, so that every run exchanges`
  throw idle(command, `--min-remaining ${text}`, why, `less than ${longest}`)
}
