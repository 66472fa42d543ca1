/** The host of Yandex Container Registry. https://yandex.cloud/en/docs/container-registry/ */
import type { DraftOf } from '../draft.ts'

export const draft: DraftOf = (host) =>
  host === 'cr.yandex'
    ? {
        name: 'yandex',
        facts: 'Container Registry',
        fields: [{ name: 'serviceAccountId', comment: 'id of the service account that may pull' }],
      }
    : undefined
