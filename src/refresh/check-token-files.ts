/** Looks at every token file that a run will read, before anything is written: a wrong one is a wrong set-up. */
import type { Demand } from './demand.ts'
import { readSubjectToken, type TokenSource, tokenFileOf } from './obtain-subject-token.ts'

/** @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, TOKEN_EXPIRED, AUDIENCE_MISMATCH */
export async function checkTokenFiles(demands: readonly Demand[], source: TokenSource): Promise<void> {
  await Promise.all(
    demands.map(async (demand) => {
      const file = tokenFileOf(demand.document, demand.registry, source)
      if (file !== undefined) await readSubjectToken(file, demand, source)
    }),
  )
}
