/** The host of Chainguard's registry. https://edu.chainguard.dev/chainguard/chainguard-images/chainguard-registry/overview/ */
import type { DraftOf } from '../draft.ts'

export const draft: DraftOf = (host) =>
  host === 'cgr.dev'
    ? {
        name: 'chainguard',
        facts: 'Chainguard registry',
        fields: [{ name: 'identity', comment: 'UIDP of the assumable identity: chainctl iam identities list' }],
      }
    : undefined
