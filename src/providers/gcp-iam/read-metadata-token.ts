/**
 * The token of the machine's own service account, from the metadata server of Google's clouds.
 * https://cloud.google.com/compute/docs/metadata/querying-metadata
 */
import { asObject, asText, jsonOrNone } from '../../outside/json-fields.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { Redacted } from '../../outside/redacted.ts'
import { showPath } from '../../outside/show-path.ts'
import type { HttpAnswer } from '../../outside/transport.ts'
import type { GrantedToken } from './granted-token.ts'
import type { IamCaller, IamOutside } from './iam-caller.ts'

/** It answers in milliseconds where there is one. */
const timeoutMs = 3000
const flavor = 'Google'

/** Asked last, when no file names an identity. @throws the caller's code for no credentials */
export async function readMetadataToken(
  gcloudFile: string | undefined,
  outside: IamOutside,
  caller: IamCaller,
): Promise<GrantedToken> {
  const askedAt = outside.now()
  const answer = await askMetadata(outside)
  const body = answer?.headers['metadata-flavor'] === flavor ? asObject(jsonOrNone(answer.body)) : undefined
  const token = asText(body?.['access_token'])
  const seconds = body?.['expires_in']
  if (answer?.status !== 200 || !token || typeof seconds !== 'number') throw noCredentials(gcloudFile, caller)
  return { value: new Redacted(token), expiresAt: new Date(askedAt.getTime() + seconds * 1000) }
}

async function askMetadata({ environment, transport, signal }: IamOutside): Promise<HttpAnswer | undefined> {
  if (environment['METADATA_SERVER_DETECTION'] === 'none') return undefined // as Google's own libraries read it
  const host = environment['GCE_METADATA_HOST'] || 'metadata.google.internal'
  try {
    return await transport({
      method: 'GET',
      url: `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`,
      headers: { 'metadata-flavor': flavor },
      maxBytes: 64 * 1024,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]),
    })
  } catch {
    signal.throwIfAborted()
    return undefined // no such name, no route, no answer: this is no machine of Google's
  }
}

const noCredentials = (gcloudFile: string | undefined, { hop, codes }: IamCaller) =>
  new PullpassError({
    code: codes.credentials,
    hop,
    seen: `no credentials for Google were found: GOOGLE_APPLICATION_CREDENTIALS is not set, ${gcloudFile === undefined ? 'there is no home folder' : `${showPath(gcloudFile)} is not there`}, and no metadata server answers`,
    expected: "the operator's credentials in one of these three places",
    hint: 'in a pod set GOOGLE_APPLICATION_CREDENTIALS to what gcloud iam workload-identity-pools create-cred-config writes; give a machine of Google a service account; as yourself: gcloud auth application-default login',
  })
