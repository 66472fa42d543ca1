/** The plan: each resource looked at, side by side, in the order in which it would be made. */
import type { GoogleConnection } from './ask-google.ts'
import type { Finding, Replaceable } from './finding.ts'
import { look } from './look.ts'
import { trustSteps } from './trust-steps.ts'
import type { WantedTrust } from './wanted-trust.ts'

/** @throws TRUST_CREDENTIALS_MISSING, CREDENTIAL_FILE_INVALID */
export async function lookAtAll(
  wanted: WantedTrust,
  replace: readonly Replaceable[],
  google: GoogleConnection,
): Promise<Finding[]> {
  await google.token() // who has none is told so once
  return await Promise.all(trustSteps(wanted).map((step) => look(step.wanted, replace, google)))
}
