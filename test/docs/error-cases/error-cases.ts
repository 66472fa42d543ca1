/** For each code a run that ends on it: no code without one, or this does not compile. */
import type { ErrorCode } from '../../../src/outside/error-codes.ts'
import { answerCases } from './answer-cases.ts'
import { documentCases } from './document-cases.ts'
import type { ErrorCase } from './error-case.ts'
import { exchangeCases } from './exchange-cases.ts'
import { kubernetesCases } from './kubernetes-cases.ts'
import { runCases } from './run-cases.ts'
import { subjectTokenCases } from './subject-token-cases.ts'

export const errorCases: Readonly<Record<ErrorCode, ErrorCase>> = {
  ...documentCases,
  ...subjectTokenCases,
  ...exchangeCases,
  ...answerCases,
  ...kubernetesCases,
  ...runCases,
}
