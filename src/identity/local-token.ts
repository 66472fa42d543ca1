/**
 * The subject token of a machine or CI job, where no cluster requests one: a file, a variable, or GitHub Actions.
 * https://docs.github.com/en/actions/reference/security/oidc, https://docs.gitlab.com/ci/secrets/id_token_authentication/
 */
import { PullpassError, withFix } from '../errors/pullpass-error.ts'
import type { Context, Environment } from '../http/context.ts'
import { send, textField } from '../http/send.ts'
import { Redacted } from '../text/redacted.ts'
import { decodeSubjectToken, type SubjectToken } from './subject-token.ts'
import { readTokenFile, tokenFilePath } from './token-file.ts'

export interface LocalTokenRequest {
  /** Of the registry, or of the run; undefined: the variables decide. */
  readonly tokenFile: string | undefined
  readonly tokenFileField: string | undefined
  readonly audience: string
}

export interface LocatedToken {
  readonly token: SubjectToken
  /** Its source, for messages. */
  readonly where: string
}

type LocalContext = Pick<
  Context,
  'environment' | 'now' | 'transport' | 'signal' | 'sleep' | 'random' | 'log' | 'secrets'
>

const variable = 'PULLPASS_ID_TOKEN'

/** Whether the machine or job has a token of its own, without a file that is named. */
export const hasLocalToken = (environment: Environment): boolean =>
  ['PULLPASS_TOKEN_FILE', variable, 'ACTIONS_ID_TOKEN_REQUEST_URL'].some((name) => environment[name])

/**
 * In this order: a file that is named, PULLPASS_ID_TOKEN, GitHub Actions (a token for the audience is requested), the file of a
 * pod. @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED, and what a request throws
 */
export async function readLocalToken(request: LocalTokenRequest, context: LocalContext): Promise<LocatedToken> {
  const { environment, secrets } = context
  const file = request.tokenFile ?? (environment['PULLPASS_TOKEN_FILE'] || undefined)
  if (file !== undefined) return { token: await readTokenFile(file, request.tokenFileField), where: file }
  const given = environment[variable]
  if (given) {
    const value = new Redacted(given.trim())
    secrets.add(value)
    return { token: decodeSubjectToken(value, variable), where: variable }
  }
  const url = environment['ACTIONS_ID_TOKEN_REQUEST_URL']
  if (url) return await requestGithubToken(url, request.audience, context)
  const usual = tokenFilePath(undefined, environment)
  const token = await readTokenFile(usual, request.tokenFileField).catch((fault: unknown) => {
    throw fault instanceof PullpassError && fault.code === 'TOKEN_FILE_UNREADABLE' ? noLocalToken(fault) : fault
  })
  return { token, where: usual }
}

/** Nothing names a token, so that the file is the default one: a machine or a CI job has other sources. */
const noLocalToken = (fault: PullpassError) =>
  withFix(fault, {
    expected: `a token in that file, in ${variable}, or of GitHub Actions`,
    hint: `GitHub Actions: permissions: {id-token: write} in the job; GitLab: id_tokens: {${variable}: {aud: AUDIENCE}}; elsewhere: PULLPASS_TOKEN_FILE, or --token-file of pullpass token (docs/docker.md); in a pod: a projected token (volumes[].projected.sources[].serviceAccountToken)`,
  })

async function requestGithubToken(url: string, audience: string, context: LocalContext): Promise<LocatedToken> {
  const bearer = new Redacted(context.environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '')
  if (!url.startsWith('https://') || bearer.byteLength() === 0) {
    throw new PullpassError({
      code: 'VARIABLE_INVALID',
      hop: 'subject-token',
      seen: 'ACTIONS_ID_TOKEN_REQUEST_URL is set, but is not an https URL, or ACTIONS_ID_TOKEN_REQUEST_TOKEN is empty',
      expected: 'both variables, as GitHub Actions sets them for a job with the permission id-token: write',
      hint: 'add permissions: {id-token: write} to the job',
    })
  }
  const value = await send(context, {
    hop: 'subject-token',
    service: 'GitHub',
    method: 'GET',
    url: `${url}&audience=${encodeURIComponent(audience)}`,
    bearer,
    read: ({ body }) => new Redacted(textField(body, 'value')),
  })
  context.secrets.add(value)
  return { token: decodeSubjectToken(value, "GitHub's response"), where: "GitHub's response" }
}
