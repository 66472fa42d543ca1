/** Looks at all that a run will use, before anything is sent: a wrong variable or token file is a wrong set-up. */
import type { Demand } from './demand.ts'
import { readSubjectToken, type TokenSource, tokenFileOf } from './obtain-subject-token.ts'

/** @throws VARIABLE_INVALID, TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, TOKEN_EXPIRED, AUDIENCE_MISMATCH */
export async function checkSetUp(demands: readonly Demand[], source: TokenSource): Promise<void> {
  for (const { checkEnvironment } of demands) checkEnvironment(source.environment)
  await Promise.all(
    demands.map(async (demand) => {
      const file = tokenFileOf(demand.document, demand.registry, source)
      if (file !== undefined) await readSubjectToken(file, demand, source)
    }),
  )
}
