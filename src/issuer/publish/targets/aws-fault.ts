/** What AWS's library threw, in words. Its errors hold the answer, and some the request: known fields are taken, no cause is kept. */

import { faultUnder } from '../../../outside/fault-under.ts'
import { asObject, asText } from '../../../outside/json-fields.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { quote } from '../../../outside/quote.ts'
import type { Redacted } from '../../../outside/redacted.ts'
import { systemErrorCode } from '../../../outside/system-error-code.ts'
import { s3Grant } from '../write-grant.ts'
import { credentialsMissing } from './credentials-missing.ts'
import { type StoreRefusal, storeFault } from './store-fault.ts'

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export function awsFault(
  error: unknown,
  target: {
    readonly name: string
    readonly bucket: string
    readonly path: string
    readonly secrets: Iterable<Redacted>
  },
  doing: StoreRefusal['doing'],
): PullpassError {
  const { name, bucket, path, secrets } = target
  const known = faultUnder(error)
  if (known !== undefined) return known
  const said = asObject(error)
  const code = error instanceof Error ? error.name : ''
  if (code === 'CredentialsProviderError' || code === 'TokenProviderError') return noCredentials()
  const status = asObject(said?.['$metadata'])?.['httpStatusCode']
  if (typeof status !== 'number') return unknownFault(name, systemErrorCode(error) ?? code)
  const words = [code, asText(said?.['message'])].filter((word) => word).join(': ')
  // Its token service says 400 of an identity that it does not take.
  const refusedIdentity = ['InvalidIdentityToken', 'ExpiredTokenException', 'IDPRejectedClaim', 'ExpiredToken']
  return storeFault({
    who: 'AWS',
    target: name,
    doing,
    status: refusedIdentity.includes(code) ? 403 : status,
    words,
    secrets,
    hints: {
      denied: s3Grant({ kind: 's3', bucket, path }, 'the operator'),
      missing: `aws s3api create-bucket --bucket ${bucket}; strangers read it by a bucket policy that allows s3:GetObject`,
    },
  })
}

const noCredentials = () =>
  credentialsMissing(
    "no credentials for AWS were found by its library's chain: variables, profile, web identity, container, machine",
    "the operator's credentials in one of these places; one that is named and fails is not passed over",
    'aws sso login or aws configure, and AWS_PROFILE; in a pod AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; on a machine of AWS a role',
  )

const unknownFault = (name: string, code: string) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `AWS's library could not ask for ${name}: ${quote(code)}`,
    expected: 'a request that it can make',
    hint: 'see the variables and the profile that it reads: aws configure list',
  })
