/**
 * The operator's credentials, in the order of Google's application default credentials: the file that the environment names, the
 * file of gcloud, the metadata server of the machine. If one is named and invalid, it is an error, and the next is not used.
 * https://cloud.google.com/docs/authentication/application-default-credentials
 */
import { posix, win32 } from 'node:path'
import { showValue } from '../../../document/show-value.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { readRegularFile, systemErrorCode, whyUnreadable } from '../../../host/read-file.ts'
import type { Environment } from '../../../http/context.ts'
import { asObject, asText, type JsonObject, jsonOrNone } from '../../../text/json-fields.ts'
import { showPath } from '../../../text/show.ts'
import { googleServiceRegion, parseImpersonationUrl } from '../credential-file.ts'
import { iamCredentialsEndpoint, stsEndpoint, universeIn } from '../endpoints.ts'
import type { IamCaller } from './caller.ts'

export interface CredentialFile {
  readonly kind: 'file'
  readonly path: string
  readonly type: CredentialType
  /** A secret: it contains a key or a refresh token. */
  readonly json: JsonObject
}

export type OperatorCredentials =
  | CredentialFile
  | { readonly kind: 'metadata'; readonly gcloudFile: string | undefined }

const credentialTypes = [
  'authorized_user',
  'service_account',
  'impersonated_service_account',
  'external_account',
] as const
type CredentialType = (typeof credentialTypes)[number]

const longest = 64 * 1024

/** @throws CREDENTIAL_FILE_INVALID */
export async function findOperatorCredentials(
  environment: Environment,
  caller: IamCaller,
): Promise<OperatorCredentials> {
  const named = environment['GOOGLE_APPLICATION_CREDENTIALS']
  if (named) {
    const bytes = await readRegularFile(named, longest).catch(
      unreadable(named, caller, '(from GOOGLE_APPLICATION_CREDENTIALS) '),
    )
    return credentialsIn(jsonOrNone(bytes.toString('utf8')), named, { environment, caller })
  }
  const gcloudFile = gcloudFileOf(environment)
  if (gcloudFile === undefined) return { kind: 'metadata', gcloudFile }
  const bytes = await readRegularFile(gcloudFile, longest).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return undefined
    return unreadable(gcloudFile, caller)(error)
  })
  if (bytes === undefined) return { kind: 'metadata', gcloudFile }
  return credentialsIn(jsonOrNone(bytes.toString('utf8')), gcloudFile, { environment, caller })
}

/** Where `gcloud auth application-default login` writes; undefined without a home directory. */
function gcloudFileOf(environment: Environment): string | undefined {
  const file = 'application_default_credentials.json'
  const { CLOUDSDK_CONFIG: configured, APPDATA: windows, HOME: home } = environment
  if (configured) return posix.join(configured, file)
  if (home) return posix.join(home, '.config/gcloud', file)
  return windows ? win32.join(windows, 'gcloud', file) : undefined
}

const unreadable =
  (path: string, caller: IamCaller, source = '') =>
  (error: unknown): never => {
    throw invalid(path, `${source}${whyUnreadable(error)}`, caller)
  }

/** Parses credentials, and checks where they send tokens. `path`: of the file. @throws CREDENTIAL_FILE_INVALID */
export function credentialsIn(
  description: unknown,
  path: string,
  { environment, caller }: { readonly environment: Environment; readonly caller: IamCaller },
): CredentialFile {
  const json = asObject(description)
  if (json === undefined) throw invalid(path, 'is not a JSON object', caller)
  const named = asText(json['type'])
  const type = credentialTypes.find((one) => one === named)
  if (type === undefined) throw invalid(path, 'is of a type that pullpass does not support', caller)
  const problem = credentialProblem(type, json, environment)
  if (problem !== undefined) throw invalid(path, problem.what, caller, problem.expected)
  return { kind: 'file', path, type, json }
}

const known = `Google's credentials in JSON, of type ${credentialTypes.join(', ')}`

const invalid = (path: string, what: string, { hop }: IamCaller, expected = known) =>
  new PullpassError({
    code: 'CREDENTIAL_FILE_INVALID',
    hop,
    seen: `${showPath(path)} ${what}`,
    expected,
    hint: 'for a pod, create it with gcloud iam workload-identity-pools create-cred-config; on your machine',
    command: 'gcloud auth application-default login',
  })

/**
 * A problem of a credential file, which is not trusted: it determines where tokens are sent and what is read. Hosts must be Google's
 * or those of the environment variables, compared as a whole; programs and URLs in the file are not called.
 * https://google.aip.dev/auth/4117
 */
export interface CredentialProblem {
  /** Follows the name of the file. */
  readonly what: string
  readonly expected: string
}

/** What a credential file cannot be used for; undefined if it can. @internal */
export function credentialProblem(
  type: string,
  json: JsonObject,
  environment: Environment,
): CredentialProblem | undefined {
  const foreign = universeProblem(json, environment)
  if (foreign !== undefined) return foreign
  if (type === 'impersonated_service_account') return impersonationProblem(json, environment)
  if (type !== 'external_account') return undefined
  const impersonates = json['service_account_impersonation_url'] !== undefined
  return (
    sourceProblem(asObject(json['credential_source']) ?? {}, environment) ??
    kindProblem(json['subject_token_type']) ??
    tokenUrlProblem(json['token_url'], environment) ??
    (impersonates ? impersonationProblem(json, environment) : undefined)
  )
}

function universeProblem(
  { universe_domain: named }: JsonObject,
  environment: Environment,
): CredentialProblem | undefined {
  const universe = universeIn(environment)
  if (named === undefined || named === universe) return undefined
  return {
    what: `has the universe ${showValue(named)}`,
    expected: `${universe}; GOOGLE_CLOUD_UNIVERSE_DOMAIN selects another one`,
  }
}

function sourceProblem(source: JsonObject, environment: Environment): CredentialProblem | undefined {
  const expected = 'credential_source.file, or the URL in ACTIONS_ID_TOKEN_REQUEST_URL of a GitHub Actions job'
  if (source['executable'] !== undefined) {
    return { what: 'has a program as its token source, which pullpass does not run', expected }
  }
  const others = Object.keys(source).filter((key) => !['file', 'url', 'headers', 'format'].includes(key))
  if (others[0] !== undefined) return { what: `has the token source ${showValue(others[0])}`, expected }
  const { file, url } = source
  if (url === undefined && asText(file)) return undefined
  if (url === undefined || file !== undefined) return { what: 'has no token file', expected }
  if (githubTokenUrl(url, environment) !== undefined) return undefined
  return { what: `has the token source ${showValue(url)}, which pullpass does not call`, expected }
}

function kindProblem(kind: unknown): CredentialProblem | undefined {
  const [jwt, idToken] = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token']
  if (kind === jwt || kind === idToken) return undefined
  return { what: `has the subject_token_type ${showValue(kind)}`, expected: `${jwt} or ${idToken}` }
}

function tokenUrlProblem(url: unknown, environment: Environment): CredentialProblem | undefined {
  const [universeDomain, path] = [universeIn(environment), '/v1/token']
  const text = asText(url) ?? ''
  const origin = text.endsWith(path) ? text.slice(0, -path.length) : ''
  if (origin === stsEndpoint({ universeDomain }, environment)) return undefined
  if (googleServiceRegion(origin, 'sts', universeDomain) !== undefined) return undefined
  return {
    what: `has the token_url ${showValue(url)}`,
    expected: `https://sts.${universeDomain}${path}, or the origin in PULLPASS_GCP_STS_ENDPOINT`,
  }
}

function impersonationProblem(json: JsonObject, environment: Environment): CredentialProblem | undefined {
  const universeDomain = universeIn(environment)
  const url = json['service_account_impersonation_url']
  const { origin } = parseImpersonationUrl(asText(url) ?? '') ?? {}
  if (origin !== undefined && origin === iamCredentialsEndpoint({ universeDomain }, environment)) return undefined
  if (googleServiceRegion(origin ?? '', 'iamcredentials', universeDomain) !== undefined) return undefined
  return {
    what: `has the service_account_impersonation_url ${showValue(url)}`,
    expected: `https://iamcredentials.${universeDomain}/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`,
  }
}

// The URL at which a GitHub Actions job requests its token: the environment contains it, and a credential file only adds the audience.
// https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token

/** `url` if it is that URL, otherwise undefined. */
export function githubTokenUrl(url: unknown, environment: Environment): string | undefined {
  const own = environment['ACTIONS_ID_TOKEN_REQUEST_URL']
  if (!own?.startsWith('https://') || typeof url !== 'string' || !url.startsWith(own)) return undefined
  return /^&audience=[A-Za-z0-9%._~:/-]{1,1024}$/.test(url.slice(own.length)) ? url : undefined
}
