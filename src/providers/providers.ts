/** Every provider by the word that a document uses for it, loaded when it is used; a test holds this to the folder. */
import type { DocumentRegistry } from '../document/document.ts'
import type { Provider } from './provider.ts'

type Loaders = {
  readonly [Name in DocumentRegistry['provider']]: () => Promise<
    Provider<Extract<DocumentRegistry, { provider: Name }>['settings']>
  >
}

export const providers: Loaders = {
  gcp: async () => (await import('./gcp.ts')).gcp,
}
