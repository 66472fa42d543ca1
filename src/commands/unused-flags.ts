/** Flags of refresh and doctor that would have no effect on the documents that were given: a mistake, so they are refused. */

import { type Document, requestedAccount } from '../document/document.ts'
import { needsNamespaceList } from '../document/namespaces.ts'
import type { PullpassError } from '../errors/pullpass-error.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import { usageFault } from './flag.ts'

const idle = (command: string, flag: string, why: string, expected: string): PullpassError =>
  usageFault(command, `${flag} has no effect: ${why}`, expected)

/** `file`: the value of --token-file. @throws USAGE_INVALID where no registry reads the run's token file */
export function refuseUnusedTokenFile(command: string, file: string | undefined, documents: readonly Document[]): void {
  const isRead = documents.some((document) =>
    document.registries.some(
      (registry) => registry.tokenFile === undefined && requestedAccount(document, registry) === undefined,
    ),
  )
  if (file === undefined || isRead) return
  const why = 'every registry has a tokenFile of its own, or a token requested by serviceAccountRef'
  throw idle(command, '--token-file', why, 'a document without serviceAccountRef and tokenFile, or no --token-file')
}

/** @throws USAGE_INVALID where every document selects its namespaces by plain names */
export function refuseUnusedAllowEmpty(command: string, documents: readonly Document[]): void {
  if (documents.some(({ namespaces }) => needsNamespaceList(namespaces))) return
  const why = 'the namespaces of every document are selected by plain names only'
  throw idle(command, '--allow-empty', why, 'a glob or a selector: a named namespace that does not exist always fails')
}

/** @throws USAGE_INVALID where no credential ever lives that long, so that each run exchanges all the same */
export function refuseUnusedMinRemaining(
  command: string,
  { text, ms }: { readonly text: string; readonly ms: number },
  demands: readonly ExchangeRequest[],
): void {
  const longestSeconds = Math.max(...demands.map(({ credentialLifeSeconds }) => credentialLifeSeconds))
  if (longestSeconds * 1000 > ms) return
  const longest = renderDuration(longestSeconds)
  const why = `a new credential of these documents lives for ${longest} at most, so that every run exchanges`
  throw idle(command, `--min-remaining ${text}`, why, `less than ${longest}`)
}

/** As the flag takes it: `1h`, `90s`. */
const renderDuration = (seconds: number) =>
  seconds % 3600 === 0 ? `${seconds / 3600}h` : seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
