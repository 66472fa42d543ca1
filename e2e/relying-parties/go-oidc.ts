/** go-oidc, in a separate program: tools/real-parts/oidc-reader. */
import { join } from 'node:path'
import { buildGoProgram } from '../../tools/real-parts/build-go-programs.ts'
import { runSuccessfully } from '../parts/process/run-program.ts'
import type { RelyingParty } from './relying-party.ts'

/** @throws AbsentPart if it cannot be built */
export async function goOidc(): Promise<RelyingParty> {
  const program = join(await buildGoProgram('oidc-reader'), 'oidc-reader')
  return {
    name: 'go-oidc',
    async verify(token, { issuer, audience, caFile }) {
      return (await runSuccessfully(program, [issuer, audience, caFile], { stdin: token })).trim()
    },
    refusals: {
      'another issuer': /issuer URL provided to client .* did not match the issuer URL returned by provider/,
      'a key that is not published': /failed to verify id token signature/,
      'another audience': /expected audience .* got/,
    },
  }
}
