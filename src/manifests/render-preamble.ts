/** What the objects cannot say of themselves, as comments before them: whom the cloud must trust, and whose image runs. */
import type { Document } from '../document/document.ts'
import { requestedAccount } from '../document/requested-account.ts'
import { type Place, refreshAccount, userName } from './manifest.ts'

/** Lines of YAML, the last one ended. */
export function renderPreamble(documents: readonly Document[], grants: readonly string[], place: Place): string {
  const subjects = documents.flatMap((document) =>
    document.registries.map((registry) => {
      const account = requestedAccount(document, registry)
      return userName(account ?? refreshAccount(place))
    }),
  )
  const lines = [
    'Printed by pullpass manifests: print it again when a document changes.',
    'Bind at the cloud, as the subject of the tokens that are exchanged:',
    ...[...new Set(subjects)].map((subject) => `  ${subject}`),
    ...(grants.length === 0 ? [] : ['Let the Pod publish a new key before a token of it is exchanged:']),
    ...grants.map((grant) => `  ${grant}`),
    `Runs the image ${place.image}: another one by --image, or by images in a kustomization.`,
  ]
  return lines.map((line) => `# ${line}\n`).join('')
}
