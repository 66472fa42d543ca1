/** The command that sets up what the documents need at the vendor, with what only their tokens and images tell. */
import { type Document, requestedAccount } from '../../document/document.ts'
import type { RepositoryFor } from '../../trust/needs.ts'
import type { Finding as TrustFinding } from '../../vendors/trust-contract.ts'
import type { Remedy } from '../finding.ts'
import type { MendingCommands } from './mending-commands.ts'

export interface TrustKnown {
  readonly documents: readonly Document[]
  /** Of the token that was judged. */
  readonly subject: string | undefined
  /** What the vendor holds of it; undefined: it could not be read. */
  readonly found?: readonly Pick<TrustFinding, 'sharedWith'>[] | undefined
  /** For documents that name none; undefined where all do. */
  readonly repository: RepositoryFor | undefined
}

/**
 * `replace`: what of a provider that is there is to be changed. A pool that is shared already is changed only where that is
 * accepted: the words name the clusters that get the same rights.
 */
export function trustCommand(known: TrustKnown, commands: MendingCommands, ...replace: readonly string[]): Remedy {
  const { documents, subject, repository, found = [] } = known
  const sharing = found.flatMap(({ sharedWith = [] }) => sharedWith)
  const command = commands.pullpass(
    'trust apply',
    ...(takesFiles(documents) && subject !== undefined ? ['--subject', subject] : []),
    ...(repository?.name === undefined ? [] : ['--repository', repository.name]),
    ...replace.flatMap((field) => ['--replace', field]),
    ...(sharing.length === 0 ? [] : ['--share-pool']),
  )
  const words =
    sharing.length === 0 ? undefined : `other clusters share the pool and get the same rights: ${sharing.join('; ')}`
  if (repository === undefined || repository.name !== undefined) return { command, ...(words && { words }) }
  return {
    command: undefined,
    words: [`${command} --repository ${repository.form}`, words].filter((one) => one).join('; '),
  }
}

/** Whether the token of a file is exchanged, whose subject no document knows. */
export const takesFiles = (documents: readonly Document[]): boolean =>
  documents.some((document) =>
    document.registries.some((registry) => requestedAccount(document, registry) === undefined),
  )
