/** The host of Chainguard's registry. https://edu.chainguard.dev/chainguard/chainguard-images/chainguard-registry/overview/ */
import type { HostRule } from '../../document/vendor-hosts.ts'
import type { DraftOf } from '../vendor.ts'

export const registryHosts: HostRule = {
  accepts: (server) => server === 'cgr.dev' || server.endsWith('.cgr.dev'),
  expected: 'cgr.dev or a host below it',
}

/** What `pullpass init` writes for such a host. */
export const draft: DraftOf = (host) =>
  registryHosts.accepts(host)
    ? {
        name: 'chainguard',
        credential: 'every organization',
        facts: 'Chainguard registry',
        fields: [
          {
            name: 'identity',
            comment:
              'The UIDP of the assumable identity. Until it exists, ORGANIZATION_ID/0000000000000000: pullpass trust plan prints the command that creates it',
          },
        ],
        trust: ['trust:', '  repositories: [ORGANIZATION_NAME]'],
      }
    : undefined
