/** The token that the operator exchanges at Google: from the file that the credentials name, or of a GitHub Actions job. */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { send, textField } from '../../../http/send.ts'
import type { HttpResponse } from '../../../http/transport.ts'
import { decodeSubjectToken, isAcceptedByApiServer, type SubjectToken } from '../../../identity/subject-token.ts'
import { readTokenFile } from '../../../identity/token-file.ts'
import { asObject, asText, type JsonObject, jsonOrNone } from '../../../text/json-fields.ts'
import { quote } from '../../../text/plain-text.ts'
import { Redacted } from '../../../text/redacted.ts'
import { showPath } from '../../../text/show.ts'
import type { GrantedToken, IamCaller, IamContext } from './caller.ts'
import { githubTokenUrl } from './operator-credentials.ts'

/** `json` is valid. @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, AUDIENCE_MISMATCH; at the caller's hop where GitHub refuses */
export async function readOperatorSubjectToken(
  json: JsonObject,
  context: IamContext,
  caller: IamCaller,
): Promise<Redacted> {
  const source = asObject(json['credential_source']) ?? {}
  const file = asText(source['file'])
  if (file === undefined) return await requestGithubToken(source, context, caller)
  const format = asObject(source['format'])
  const field = format?.['type'] === 'json' ? (asText(format['subject_token_field_name']) ?? '') : undefined
  const token = await readTokenFile(file, field)
  if (isAcceptedByApiServer(token)) throw misplaced(file, token, asText(json['audience']) ?? '')
  return token.value
}

/** Sends the token of the environment, and no header from the file. */
async function requestGithubToken(source: JsonObject, context: IamContext, { hop }: IamCaller): Promise<Redacted> {
  const bearer = new Redacted(context.environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '')
  const url = githubTokenUrl(source['url'], context.environment) ?? ''
  const read = ({ body }: { readonly body: unknown }) => new Redacted(textField(body, 'value'))
  const value = await send(context, { hop, service: 'GitHub', method: 'GET', url, bearer, read })
  return decodeSubjectToken(value, "GitHub's response").value
}

const misplaced = (file: string, { audiences }: SubjectToken, audience: string) =>
  new PullpassError({
    code: 'AUDIENCE_MISMATCH',
    hop: 'subject-token',
    seen: `${file} has ${audiences.length === 0 ? 'no audience' : `audience ${audiences.map(quote).join(' and ')}`}: API servers accept it, so it was not sent`,
    expected: `a token with audience ${quote(audience)}`,
    hint: 'set credential_source.file to a projected token with that audience (serviceAccountToken.audience)',
  })

// The token of the machine's service account, from the metadata server of Google Cloud.
// https://cloud.google.com/compute/docs/metadata/querying-metadata

/** Where one exists, it responds within milliseconds. */
const timeoutMs = 3000
const flavor = 'Google'

/** Used if no file contains credentials. @throws the caller's code for no credentials */
export async function readMetadataToken(
  gcloudFile: string | undefined,
  context: IamContext,
  caller: IamCaller,
): Promise<GrantedToken> {
  const requestedAt = context.now()
  const response = await requestMetadataToken(context)
  const body = response?.headers['metadata-flavor'] === flavor ? asObject(jsonOrNone(response.body)) : undefined
  const token = asText(body?.['access_token'])
  const seconds = body?.['expires_in']
  if (response?.status !== 200 || !token || typeof seconds !== 'number') throw noCredentials(gcloudFile, caller)
  return { value: new Redacted(token), expiresAt: new Date(requestedAt.getTime() + seconds * 1000) }
}

async function requestMetadataToken({ environment, transport, signal }: IamContext): Promise<HttpResponse | undefined> {
  if (environment['METADATA_SERVER_DETECTION'] === 'none') return undefined // as Google's libraries do
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
    return undefined // no such name, no route, no response: this is no machine of Google's
  }
}

const noCredentials = (gcloudFile: string | undefined, { hop, codes }: IamCaller) =>
  new PullpassError({
    code: codes.credentials,
    hop,
    seen: `no credentials for Google were found: GOOGLE_APPLICATION_CREDENTIALS is not set, ${gcloudFile === undefined ? 'there is no home folder' : `${showPath(gcloudFile)} does not exist`}, and no metadata server responds`,
    expected: "the operator's credentials in one of these places",
    hint: 'in a pod set GOOGLE_APPLICATION_CREDENTIALS to the file of gcloud iam workload-identity-pools create-cred-config; on a Google Cloud machine attach a service account; on your machine',
    command: 'gcloud auth application-default login',
  })
