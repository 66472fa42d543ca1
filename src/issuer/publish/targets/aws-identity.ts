/**
 * The operator's identity at AWS, by its library's own chain: variables, profile, web identity, container, machine.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { keepRenewed } from '../../../outside/keep-renewed.ts'
import type { AwsRequestHandler } from './aws-request-handler.ts'
import type { TargetOutside } from './target-outside.ts'

type Identity = Awaited<ReturnType<Extract<NonNullable<S3ClientConfig['credentials']>, () => unknown>>>

/** The library renews what it holds five minutes before its end: it is told an end so much after the time to renew. */
const libraryMarginMs = 300_000
/** What never expires, a user's own key, is read anew as well. */
const lastingLifeMs = 3_600_000

/** Renewed when half of its life is left. */
export function awsIdentity(
  library: typeof import('@aws-sdk/client-s3'),
  config: { readonly region: string; readonly requestHandler: AwsRequestHandler },
  outside: TargetOutside,
): () => Promise<Identity> {
  const granted = keepRenewed(async () => {
    // A client of its own each time: one keeps what it was granted.
    const identity = await new library.S3Client(config).config.credentials()
    const expiresAt = identity.expiration ?? new Date(outside.now().getTime() + lastingLifeMs)
    return { identity, expiresAt }
  }, outside)
  return async () => {
    const { identity, renewAt } = await granted()
    return { ...identity, expiration: new Date(renewAt.getTime() + libraryMarginMs) }
  }
}
