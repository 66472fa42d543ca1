/** The token that the operator exchanges at Google: of the file that his credentials name, or GitHub's of a job. */
import { decodeSubjectToken } from '../../identity/decode-subject-token.ts'
import { readTokenFile } from '../../identity/read-token-file.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { takenByApiServer } from '../../identity/taken-by-api-server.ts'
import { asObject, asText, type JsonObject } from '../../outside/json-fields.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import { Redacted } from '../../outside/redacted.ts'
import { send } from '../../outside/send.ts'
import { textField } from '../text-field.ts'
import { githubTokenUrl } from './github-token-url.ts'
import type { IamCaller, IamOutside } from './iam-caller.ts'

/** `json` is without flaw. @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, AUDIENCE_MISMATCH; at the caller's hop where GitHub refuses */
export async function readOperatorSubjectToken(
  json: JsonObject,
  outside: IamOutside,
  caller: IamCaller,
): Promise<Redacted> {
  const source = asObject(json['credential_source']) ?? {}
  const file = asText(source['file'])
  if (file === undefined) return await askGithub(source, outside, caller)
  const format = asObject(source['format'])
  const field = format?.['type'] === 'json' ? (asText(format['subject_token_field_name']) ?? '') : undefined
  const token = await readTokenFile(file, field)
  if (takenByApiServer(token)) throw misplaced(file, token, asText(json['audience']) ?? '')
  return token.value
}

/** What the environment holds is sent, and no header of the file's. */
async function askGithub(source: JsonObject, outside: IamOutside, { hop }: IamCaller): Promise<Redacted> {
  const bearer = new Redacted(outside.environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '')
  const url = githubTokenUrl(source['url'], outside.environment) ?? ''
  const read = ({ body }: { readonly body: unknown }) => new Redacted(textField(body, 'value'))
  const value = await send(outside, { hop, who: 'GitHub', method: 'GET', url, bearer, read })
  return decodeSubjectToken(value, "GitHub's answer").value
}

const misplaced = (file: string, { audiences }: SubjectToken, audience: string) =>
  new PullpassError({
    code: 'AUDIENCE_MISMATCH',
    hop: 'subject-token',
    seen: `${file} is meant for ${audiences.length === 0 ? 'nobody: it has no audience' : audiences.map(quote).join(' and ')}: an API server takes it, and it was not sent`,
    expected: `a token that is meant for Google alone: ${quote(audience)}`,
    hint: 'have credential_source.file name a projected token of that audience (serviceAccountToken.audience)',
  })
