/** What `pullpass init` writes for Chainguard's registry. */
import type { DraftOf } from '../draft.ts'
import { registryHosts } from './hosts.ts'

export const draft: DraftOf = (host) =>
  registryHosts.accepts(host)
    ? {
        name: 'chainguard',
        credential: 'every organization',
        facts: 'Chainguard registry',
        fields: [
          { name: 'identity', comment: 'The UIDP of the assumable identity. chainctl iam identities list prints it' },
        ],
      }
    : undefined
