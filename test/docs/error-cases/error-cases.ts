/** A run for each error code. */

import { credentialProviderCases } from './credential-provider-cases.ts'
import { discoveryCases } from './discovery-cases.ts'
import { documentCases } from './document-cases.ts'
import type { ErrorCases } from './error-case.ts'
import { exchangeCases } from './exchange-cases.ts'
import { keyCases } from './key-cases.ts'
import { kubernetesCases } from './kubernetes-cases.ts'
import { publishCases } from './publish-cases.ts'
import { responseCases } from './response-cases.ts'
import { runCases } from './run-cases.ts'
import { storeCases } from './store-cases.ts'
import { subjectTokenCases } from './subject-token-cases.ts'
import { trustCases } from './trust-cases.ts'

export const errorCases: ErrorCases = {
  ...documentCases,
  ...subjectTokenCases,
  ...discoveryCases,
  ...publishCases,
  ...storeCases,
  ...exchangeCases,
  ...responseCases,
  ...kubernetesCases,
  ...keyCases,
  ...runCases,
  ...trustCases,
  ...credentialProviderCases,
}
