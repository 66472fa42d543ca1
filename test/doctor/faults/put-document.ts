/** The two documents in the issuer's bucket, put there past all publishing. */
import type { World } from '../ground.ts'

export const bucket = 'example-cluster'
export const documents = { discovery: '.well-known/openid-configuration', jwks: 'openid/v1/jwks' } as const

export const putDocument = (
  { sandbox }: World,
  name: keyof typeof documents,
  body: string | object,
  contentType = 'application/json',
): unknown =>
  sandbox.gcp.store.put(bucket, documents[name], {
    contentType,
    cacheControl: 'public, max-age=300',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
