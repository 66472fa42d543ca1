/** What `pullpass init` writes for Yandex Container Registry. */
import type { DraftOf } from '../draft.ts'
import { registryHosts } from './hosts.ts'

export const draft: DraftOf = (host) =>
  registryHosts.accepts(host)
    ? {
        name: 'yandex',
        credential: 'every registry',
        facts: 'Container Registry',
        fields: [{ name: 'serviceAccountId', comment: 'The id of the service account that may pull' }],
      }
    : undefined
