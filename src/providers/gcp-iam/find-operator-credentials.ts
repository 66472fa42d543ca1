/**
 * Where the operator's own credentials lie, in the order of Google's application default credentials: the file that the
 * environment names, gcloud's, the machine's metadata server. What is named and broken is an error, never the next of them.
 * https://cloud.google.com/docs/authentication/application-default-credentials
 */
import { posix, win32 } from 'node:path'
import { asObject, asText, type JsonObject, jsonOrNone } from '../../outside/json-fields.ts'
import type { Environment } from '../../outside/outside.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../../outside/read-regular-file.ts'
import { showPath } from '../../outside/show-path.ts'
import { systemErrorCode } from '../../outside/system-error-code.ts'
import { credentialFlaw } from './credential-flaw.ts'
import type { IamCaller } from './iam-caller.ts'

export interface CredentialFile {
  readonly kind: 'file'
  readonly path: string
  readonly type: CredentialType
  /** A secret: a key or a refresh token lies in it. */
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
    const bytes = await readRegularFile(named, longest).catch(unreadable(named, caller))
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

/** Where `gcloud auth application-default login` writes; undefined where nobody is at home. */
function gcloudFileOf(environment: Environment): string | undefined {
  const file = 'application_default_credentials.json'
  const { CLOUDSDK_CONFIG: configured, APPDATA: windows, HOME: home } = environment
  if (configured) return posix.join(configured, file)
  if (home) return posix.join(home, '.config/gcloud', file)
  return windows ? win32.join(windows, 'gcloud', file) : undefined
}

const unreadable =
  (path: string, caller: IamCaller) =>
  (error: unknown): never => {
    throw invalid(path, whyUnreadable(error), caller)
  }

/** A description of credentials, from `path`: where it has tokens sent is judged here. @throws CREDENTIAL_FILE_INVALID */
export function credentialsIn(
  description: unknown,
  path: string,
  { environment, caller }: { readonly environment: Environment; readonly caller: IamCaller },
): CredentialFile {
  const json = asObject(description)
  if (json === undefined) throw invalid(path, 'is not a JSON object', caller)
  const said = asText(json['type'])
  const type = credentialTypes.find((one) => one === said)
  if (type === undefined) throw invalid(path, 'is of a type that pullpass does not know', caller)
  const flaw = credentialFlaw(type, json, environment)
  if (flaw !== undefined) throw invalid(path, flaw.what, caller, flaw.expected)
  return { kind: 'file', path, type, json }
}

const known = `Google's credentials in JSON, of type ${credentialTypes.join(', ')}`

const invalid = (path: string, what: string, { hop }: IamCaller, expected = known) =>
  new PullpassError({
    code: 'CREDENTIAL_FILE_INVALID',
    hop,
    seen: `${showPath(path)} ${what}`,
    expected,
    hint: 'gcloud auth application-default login writes one for you, gcloud iam workload-identity-pools create-cred-config one for a pod',
  })
