/** Which clouds verify the tokens of these documents: by whose rules their issuer is judged. */
import type { Document, DocumentRegistry } from '../../document/document.ts'
import type { CloudName } from '../../oidc/evaluate/clouds.ts'

const cloudOf: Readonly<Record<DocumentRegistry['provider'], CloudName>> = { gcp: 'google' }

export const cloudsOf = (documents: readonly Document[]): CloudName[] => [
  ...new Set(documents.flatMap(({ registries }) => registries.map(({ provider }) => cloudOf[provider]))),
]
