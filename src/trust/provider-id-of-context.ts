/** The id of a cluster's part at a vendor's, made of the name of its kubeconfig context: of several clusters each needs its own. */
import { createHash } from 'node:crypto'

/** As Google takes it, which keeps `gcp-` for itself. */
const form = /^(?!gcp-)[a-z0-9-]{4,32}$/
const longest = 32
/** Digits of a hash that tell apart what was made alike. */
const digits = 6

/**
 * The name itself where it is an id; else what of it is lower-case letters, digits and "-", and six digits of
 * its hash: `gke_project_europe-west1_prod` becomes `gke-project-europe-west1-1d2c3b`.
 */
export function providerIdOfContext(context: string): string {
  if (isProviderId(context)) return context
  const hash = createHash('sha256').update(context).digest('hex').slice(0, digits)
  const words = context.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  const start = words
    .replace(/^-+/, '')
    .replace(/^gcp-/, '')
    .slice(0, longest - digits - 1)
  return `${start.replace(/-+$/, '') || 'cluster'}-${hash}`
}

export const isProviderId = (text: string): boolean => form.test(text)
