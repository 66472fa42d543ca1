/**
 * Whether an origin is a service of Google's, compared whole: whoever is named there receives tokens.
 * https://cloud.google.com/iam/docs/reference/sts/rest
 */

const googleOwn = 'googleapis.com'

/** Undefined where it is not Google's, nor of `universe`; the region where it is one's own. */
export function googleServiceRegion(
  origin: string,
  service: 'sts' | 'iamcredentials',
  universe: string,
): { readonly region?: string } | undefined {
  if (origin === `https://${service}.${universe}`) return {}
  const [, named, region] = /^https:\/\/([a-z]+)\.([a-z][a-z0-9-]*)\.rep\.googleapis\.com$/.exec(origin) ?? []
  return region !== undefined && named === service && universe === googleOwn ? { region } : undefined
}
