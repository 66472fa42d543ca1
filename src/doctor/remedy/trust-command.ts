/** The command that sets up what the documents need at the vendor, with what only their tokens and images tell. */
import type { Document } from '../../document/document.ts'
import { requestedAccount } from '../../document/requested-account.ts'
import { repositoryOfImage } from '../../trust/repository-of-image.ts'
import type { WantedImage } from '../asked.ts'
import type { Remedy } from '../finding.ts'
import type { MendingCommands } from './mending-commands.ts'

export interface TrustKnown {
  readonly documents: readonly Document[]
  /** Of the token that was judged. */
  readonly subject: string | undefined
  readonly images: readonly WantedImage[]
}

/** `replace`: what of a provider that is there is to be changed. */
export function trustCommand(known: TrustKnown, commands: MendingCommands, ...replace: readonly string[]): Remedy {
  const { documents, subject, images } = known
  const unnamed = documents.some(({ registries }) => registries.some(({ settings }) => settings.trust === undefined))
  const repository = repositoryFor(images)
  const command = commands.pullpass(
    'trust apply',
    ...(takesFiles(documents) && subject !== undefined ? ['--subject', subject] : []),
    ...(unnamed && repository !== undefined ? ['--repository', repository] : []),
    ...replace.flatMap((field) => ['--replace', field]),
  )
  if (!unnamed || repository !== undefined) return { command }
  return {
    command: undefined,
    words: `${command} --repository projects/PROJECT/locations/LOCATION/repositories/REPOSITORY`,
  }
}

/** Whether the token of a file is exchanged, whose subject no document knows. */
export const takesFiles = (documents: readonly Document[]): boolean =>
  documents.some((document) =>
    document.registries.some((registry) => requestedAccount(document, registry) === undefined),
  )

export function repositoryFor(images: readonly WantedImage[]): string | undefined {
  return images.map(({ reference }) => repositoryOfImage(reference)).find((name) => name !== undefined)
}
