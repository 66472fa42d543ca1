/** Whether a registry's provider is to hold the cluster's keys itself, so that none of them need be public for it. */
import type { DocumentRegistry } from './document.ts'

export const uploadsKeys = ({ provider, settings }: DocumentRegistry): boolean =>
  provider === 'gcp' && settings.trust?.uploadKeys === 'Always'
