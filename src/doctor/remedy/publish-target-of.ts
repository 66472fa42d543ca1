/** The store that an issuer's documents lie in, as `issuer publish --to` names it. */

/** undefined where its URL tells no store. `storage`: the origin of Google's. */
export function publishTargetOf(issuer: string, storage: string): string | undefined {
  if (issuer.startsWith(`${storage}/`)) return `gs://${issuer.slice(storage.length + 1)}`
  const stores: readonly (readonly [RegExp, string])[] = [
    [/^https:\/\/([a-z0-9.-]+)\.s3\.[a-z0-9-]+\.amazonaws\.com\/(.+)$/, 's3://$1/$2'],
    [/^https:\/\/([a-z0-9]+)\.blob\.core\.windows\.net\/([^/]+)\/(.+)$/, 'azblob://$1/$2/$3'],
  ]
  const store = stores.find(([pattern]) => pattern.test(issuer))
  return store && issuer.replace(...store)
}
