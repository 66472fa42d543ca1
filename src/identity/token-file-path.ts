/** Where a subject token is read, when a document does not say: the flag, the variable, or where the usual script's pod has it. */
import type { Environment } from '../outside/outside.ts'

export function tokenFilePath(flag: string | undefined, environment: Environment): string {
  return flag ?? (environment['PULLPASS_TOKEN_FILE'] || '/var/run/secrets/tokens/oidc-token')
}
