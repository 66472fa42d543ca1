/** Nobody to publish as, or half of somebody: said, and no other identity is asked in his place. */
import { PullpassError } from '../../../outside/pullpass-error.ts'

export const credentialsMissing = (seen: string, expected: string, hint: string): PullpassError =>
  new PullpassError({ code: 'PUBLISH_CREDENTIALS_MISSING', hop: 'publish', seen, expected, hint })
