/**
 * A credential file of type external_account, as `gcloud iam workload-identity-pools create-cred-config` writes it.
 * A file is not trusted: it determines where the token is sent. Hosts must be Google's, or of the universe that the document names,
 * and programs and URLs in the file are not called. https://google.aip.dev/auth/4117
 */
import * as z from 'zod/mini'
import type { TokenFile } from '../../document/document.ts'
import { checkShape, type DocumentProblem, type FieldProblem, refuse } from '../../document/document-errors.ts'
import { filePath, type TextRule } from '../../document/field-rules.ts'
import { text, word } from '../../document/schema-parts.ts'
import { showValue } from '../../document/show-value.ts'
import { parseSource, readTextFile, unreadable } from '../../document/sources.ts'
import { shellVariable } from '../../text/shell.ts'
import { canonicalProvider, universeDomain, workloadIdentityProvider } from './names.ts'
import type { GcpSettings } from './settings.ts'

export interface ExternalAccount {
  readonly settings: GcpSettings
  readonly token: TokenFile
}

/** `universe`: of the document. @throws CREDENTIAL_FILE_INVALID with all problems, DOCUMENT_UNREADABLE */
export async function readCredentialFile(path: string, universe = 'googleapis.com'): Promise<ExternalAccount> {
  const content = await readTextFile(path)
  if (content === undefined) throw unreadable(path, 'is a folder')
  const source = { name: path, folder: '.', text: content }
  const [parsed, ...more] = await parseSource(source, 'CREDENTIAL_FILE_INVALID', rewrite)
  if (parsed === undefined || more.length > 0) throw invalid([{ seen: `${path} is empty`, expected: 'one object' }])
  const read = settingsOf(parsed.value, universe)
  if ('settings' in read) return read
  throw invalid(await parsed.find(read))
}

/** The fix of every problem of a credential file. */
export const rewrite: string = `write it to FILE again, for the token in TOKEN_FILE: gcloud iam workload-identity-pools create-cred-config ${shellVariable('PROVIDER')} --credential-source-file=${shellVariable('TOKEN_FILE')} --output-file=${shellVariable('FILE')}`

function invalid([first, ...others]: readonly DocumentProblem[]) {
  const unknown = { seen: 'the credential file is invalid', expected: 'an external_account credential file' }
  return refuse('CREDENTIAL_FILE_INVALID', [first ?? unknown, ...others], rewrite)
}

function settingsOf(value: unknown, universe: string): ExternalAccount | readonly FieldProblem[] {
  const kind = checkShape(externalAccountForm, value)
  const checked = 'form' in kind ? checkShape(credentialFileForm, value) : kind
  if (!('form' in checked)) return checked
  const { form } = checked
  const foreign = universeProblem(form, universe)
  if (foreign !== undefined) return [foreign]
  const sts = tokenServiceOf(form.token_url, universe)
  const account = accountOf(form.service_account_impersonation_url, universe)
  const token = tokenFileOf(form)
  if (!('predicate' in sts) && !('predicate' in account) && !('predicate' in token)) {
    const domain = form.universe_domain === undefined ? {} : { universeDomain: universe }
    const seconds = form.service_account_impersonation?.token_lifetime_seconds
    const life = seconds === undefined ? {} : { lifetimeSeconds: seconds }
    const audience = { workloadIdentityProvider: canonicalProvider(form.audience) }
    return { settings: { ...audience, ...domain, ...sts, ...account, ...life }, token }
  }
  return [sts, account, token].filter((part) => 'predicate' in part)
}

/** The universe determines hosts: a file that could choose it could send the token anywhere. */
function universeProblem({ universe_domain: named }: CredentialFileForm, universe: string): FieldProblem | undefined {
  if ((named ?? 'googleapis.com') === universe) return undefined
  const expected =
    universe === 'googleapis.com'
      ? 'googleapis.com, or this universe as universeDomain in the document'
      : `${showValue(universe)}, as the document's universeDomain`
  return { path: ['universe_domain'], predicate: `is ${showValue(named)}`, expected }
}

type Account = Pick<GcpSettings, 'serviceAccountEmail' | 'endpoints'>

function tokenServiceOf(url: string, universe: string): Pick<GcpSettings, 'stsRegion'> | FieldProblem {
  const service = url.endsWith(tokenPath)
    ? googleServiceRegion(url.slice(0, -tokenPath.length), 'sts', universe)
    : undefined
  if (service !== undefined) return service.region === undefined ? {} : { stsRegion: service.region }
  const expected = `https://sts.${universe}/v1/token or a region's https://sts.REGION.rep.googleapis.com/v1/token`
  return { path: ['token_url'], predicate: `is ${showValue(url)}`, expected }
}

const tokenPath = '/v1/token'

function accountOf(url: string | undefined, universe: string): Account | FieldProblem {
  if (url === undefined) return {}
  const { origin = '', email: serviceAccountEmail = '' } = parseImpersonationUrl(url) ?? {}
  const service = googleServiceRegion(origin, 'iamcredentials', universe)
  if (service !== undefined) {
    return { serviceAccountEmail, ...(service.region !== undefined && { endpoints: { iamCredentials: origin } }) }
  }
  const expected = `https://iamcredentials.${universe}/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`
  return { path: ['service_account_impersonation_url'], predicate: `is ${showValue(url)}`, expected }
}

function tokenFileOf({ credential_source: source }: CredentialFileForm): TokenFile | FieldProblem {
  const foreign = ['executable', 'url', 'environment_id', 'certificate'].find((key) => Object.hasOwn(source, key))
  if (foreign !== undefined || source.file === undefined) {
    const predicate = foreign === undefined ? 'names no file' : `is of kind ${foreign}`
    const expected = 'file: pullpass does not run programs or call URLs from a credential file'
    return { path: ['credential_source'], predicate, expected }
  }
  const field = source.format?.subject_token_field_name
  if (source.format?.type !== 'json') return { tokenFile: source.file }
  if (field !== undefined) return { tokenFile: source.file, tokenFileField: field }
  return {
    path: ['credential_source', 'format'],
    predicate: 'has no subject_token_field_name',
    expected: 'the field of the token in the JSON file',
  }
}

/** The fields of an external_account credential file that pullpass reads. https://google.aip.dev/auth/4117 */
interface CredentialFileForm {
  readonly type: string
  readonly audience: string
  readonly token_url: string
  readonly subject_token_type: string
  readonly service_account_impersonation_url?: string
  readonly service_account_impersonation?: { readonly token_lifetime_seconds?: number }
  readonly universe_domain?: string
  readonly credential_source: {
    readonly file?: string
    readonly format?: { readonly type?: 'text' | 'json'; readonly subject_token_field_name?: string }
  }
}

const object = { error: 'an object' }

const httpsUrl: TextRule = { pattern: /^https:\/\/[!-~]+$/, maxLength: 1024, expected: 'an https URL' }
const fieldName: TextRule = { pattern: /^[ -~]+$/, maxLength: 256, expected: 'the name of a field' }
const externalAccount: TextRule = {
  pattern: /^external_account$/,
  maxLength: 64,
  expected: 'external_account, as gcloud iam workload-identity-pools create-cred-config writes it',
  knownMistake: (type) =>
    type === 'service_account'
      ? 'external_account: a service account key is the long-lived password that pullpass replaces'
      : undefined,
}

/** Checked first: other problems of another kind of file are not reported. */
const externalAccountForm: z.ZodMiniType<{ readonly type: string }> = z.looseObject(
  { type: text(externalAccount, 'Kind of credential') },
  object,
)

const credentialFileForm: z.ZodMiniType<CredentialFileForm> = z.looseObject(
  {
    type: text(externalAccount, 'Kind of credential'),
    audience: text(workloadIdentityProvider, 'Full resource name of the provider'),
    token_url: text(httpsUrl, 'Token service'),
    subject_token_type: word(
      ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token'],
      'Kind of subject token',
    ),
    service_account_impersonation_url: z.exactOptional(text(httpsUrl, 'Account to impersonate')),
    service_account_impersonation: z.exactOptional(
      z.looseObject({ token_lifetime_seconds: z.exactOptional(lifetimeSeconds()) }, object),
    ),
    universe_domain: z.exactOptional(text(universeDomain, 'Universe')),
    credential_source: z.looseObject(
      {
        file: z.exactOptional(text(filePath, 'File of the subject token')),
        format: z.exactOptional(
          z.looseObject(
            {
              type: z.exactOptional(word(['text', 'json'], 'Form of that file')),
              subject_token_field_name: z.exactOptional(text(fieldName, 'Field of the token')),
            },
            object,
          ),
        ),
      },
      object,
    ),
  },
  object,
)

function lifetimeSeconds(): z.ZodMiniType<number> {
  const error = 'seconds from 1 to 43200'
  return z.int({ error }).check(z.minimum(1, { error }), z.maximum(43_200, { error }))
}

/**
 * The URL in a credential file at which the token of a service account is requested, in two parts. The caller checks the origin.
 * https://google.aip.dev/auth/4117
 */
export interface Impersonation {
  readonly origin: string
  readonly email: string
}

export function parseImpersonationUrl(url: string): Impersonation | undefined {
  const { origin, email } = impersonationUrl.exec(url)?.groups ?? {}
  return origin === undefined || email === undefined ? undefined : { origin, email }
}

const impersonationUrl =
  /^(?<origin>https?:\/\/[a-z0-9.:[\]-]+)\/v1\/projects\/-\/serviceAccounts\/(?<email>[a-z0-9.-]+@[a-z0-9.-]+\.gserviceaccount\.com):generateAccessToken$/

/**
 * Whether an origin is a service of Google, compared as a whole: tokens are sent to it.
 * https://cloud.google.com/iam/docs/reference/sts/rest
 */
const googleOwn = 'googleapis.com'

/** Undefined for another origin; `region` for a regional endpoint. */
export function googleServiceRegion(
  origin: string,
  service: 'sts' | 'iamcredentials',
  universe: string,
): { readonly region?: string } | undefined {
  if (origin === `https://${service}.${universe}`) return {}
  const [, named, region] = /^https:\/\/([a-z]+)\.([a-z][a-z0-9-]*)\.rep\.googleapis\.com$/.exec(origin) ?? []
  return region !== undefined && named === service && universe === googleOwn ? { region } : undefined
}
