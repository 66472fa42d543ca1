/** The host of Quay's own service. https://docs.quay.io/glossary/robot-accounts.html */
import type { DraftOf } from '../vendor.ts'

export const draft: DraftOf = (host) =>
  host === 'quay.io'
    ? {
        name: 'quay',
        facts: 'robot federation',
        fields: [
          {
            name: 'robot',
            comment:
              'The robot account ORGANIZATION+ROBOT, with a federation for the issuer and subject of the cluster',
          },
        ],
        trust: ['trust:', '  repositories: [ORGANIZATION/NAME]'],
      }
    : undefined
