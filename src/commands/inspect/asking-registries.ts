/** The registries of documents, as those who will take a subject token or refuse it. */

import type { Document } from '../../document/document.ts'
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { AcceptedAudiences } from '../../identity/check-audience.ts'
import { bindProvider } from '../../providers/bind-provider.ts'

export interface AskingRegistry extends AcceptedAudiences {
  /** The first is the one to ask for. */
  readonly audiences: readonly [string, ...string[]]
  readonly tokenFile?: string
  readonly tokenFileField?: string
  /** Whose token it takes, by its document's serviceAccountRef; absent: the token of a file. */
  readonly account?: NamespacedName
}

export async function askingRegistries(documents: readonly Document[]): Promise<AskingRegistry[]> {
  return await Promise.all(
    documents
      .flatMap(({ registries, serviceAccountRef }) => registries.map((registry) => ({ registry, serviceAccountRef })))
      .map(async ({ registry, serviceAccountRef }) => {
        const { audiences } = await bindProvider(registry)
        const { tokenFile, tokenFileField } = registry
        return {
          audiences,
          host: registry.hosts[0] ?? registry.name,
          ...(tokenFile !== undefined && { tokenFile }),
          ...(tokenFileField !== undefined && { tokenFileField }),
          ...(tokenFile === undefined && serviceAccountRef !== undefined && { account: serviceAccountRef }),
        }
      }),
  )
}

/** Each audience once, in the registries' order. */
export function audiencesToRequest(registries: readonly AskingRegistry[]): string[] {
  return [...new Set(registries.map(({ audiences: [first] }) => first))]
}
