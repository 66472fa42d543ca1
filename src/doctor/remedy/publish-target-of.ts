/** The store that an issuer's documents lie in, as `issuer publish --to` names it. */
import { targetMeant } from '../../vendors/parse-target.ts'

/** undefined where its URL tells no store. `storage`: the origin of Google's, which a variable may replace. */
export const publishTargetOf = (issuer: string, storage: string): string | undefined =>
  issuer.startsWith(`${storage}/`) ? `gs://${issuer.slice(storage.length + 1)}` : targetMeant(issuer)
