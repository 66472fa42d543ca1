/** Every provider by the word that a document uses for it, loaded when it is used; a test holds this to the folder. */
import type { ProviderName, SettingsOf } from '../document/document.ts'
import type { Provider } from './provider.ts'

type Loaders = {
  readonly [Name in ProviderName]: () => Promise<Provider<SettingsOf[Name]>>
}

export const providers: Loaders = {
  gcp: async () => (await import('./gcp.ts')).gcp,
}
