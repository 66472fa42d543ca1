/**
 * A credential file of type external_account, as `gcloud iam workload-identity-pools create-cred-config` writes it.
 * Such files travel, and whoever writes one says where the token is sent: so hosts are Google's own, or of the universe
 * that the document itself names, and no program or address that a file names is called. https://google.aip.dev/auth/4117
 */
import { type CredentialFileForm, credentialFileForm, externalAccountForm } from './credential-file-schema.ts'
import { type Finding, refuse } from './finding.ts'
import type { Flaw } from './flaw.ts'
import { canonicalProvider } from './gcp-names.ts'
import type { GcpSettings } from './gcp-settings.ts'
import { googleServiceRegion } from './google-service-region.ts'
import { parseImpersonationUrl } from './parse-impersonation-url.ts'
import { parseSource } from './parse-source.ts'
import { readTextFile, unreadable } from './read-text-file.ts'
import { checkShape } from './schema-flaws.ts'
import { showValue } from './show-value.ts'
import type { TokenSource } from './token-source.ts'

export interface ExternalAccount {
  readonly settings: GcpSettings
  readonly token: TokenSource
}

/** `universe` is the document's own. @throws CREDENTIAL_FILE_INVALID with all that is wrong, DOCUMENT_UNREADABLE */
export async function readCredentialFile(path: string, universe = 'googleapis.com'): Promise<ExternalAccount> {
  const text = await readTextFile(path)
  if (text === undefined) throw unreadable(path, 'is a folder')
  const source = { name: path, folder: '.', text }
  const [parsed, ...more] = await parseSource(source, 'CREDENTIAL_FILE_INVALID')
  if (parsed === undefined || more.length > 0) throw invalid([{ seen: `${path} is empty`, expected: 'one object' }])
  const read = settingsOf(parsed.value, universe)
  if ('settings' in read) return read
  throw invalid(await parsed.find(read))
}

function invalid([first, ...others]: readonly Finding[]) {
  const unknown = { seen: 'the credential file is wrong', expected: 'an external_account credential file' }
  return refuse('CREDENTIAL_FILE_INVALID', [first ?? unknown, ...others])
}

function settingsOf(value: unknown, universe: string): ExternalAccount | readonly Flaw[] {
  const kind = checkShape(externalAccountForm, value)
  const checked = 'form' in kind ? checkShape(credentialFileForm, value) : kind
  if (!('form' in checked)) return checked
  const { form } = checked
  const foreign = universeFlaw(form, universe)
  if (foreign !== undefined) return [foreign]
  const sts = tokenServiceOf(form.token_url, universe)
  const account = accountOf(form.service_account_impersonation_url, universe)
  const token = tokenSourceOf(form)
  if (!('says' in sts) && !('says' in account) && !('says' in token)) {
    const lifetimeSeconds = form.service_account_impersonation?.token_lifetime_seconds
    const workloadIdentityProvider = canonicalProvider(form.audience)
    const domain = form.universe_domain === undefined ? {} : { universeDomain: universe }
    const life = lifetimeSeconds === undefined ? {} : { lifetimeSeconds }
    return { settings: { workloadIdentityProvider, ...domain, ...sts, ...account, ...life }, token }
  }
  return [sts, account, token].filter((part) => 'says' in part)
}

/** A universe is hosts: a file that could name its own would send the token to whom it likes. */
function universeFlaw({ universe_domain: named }: CredentialFileForm, universe: string): Flaw | undefined {
  if ((named ?? 'googleapis.com') === universe) return undefined
  const expected =
    universe === 'googleapis.com'
      ? 'googleapis.com, or the document to name this universe too: universeDomain beside credentialFile'
      : `${showValue(universe)}, as the document's universeDomain`
  return { path: ['universe_domain'], says: `is ${showValue(named)}`, expected }
}

type Account = Pick<GcpSettings, 'serviceAccountEmail' | 'endpoints'>

function tokenServiceOf(url: string, universe: string): Pick<GcpSettings, 'stsRegion'> | Flaw {
  const service = url.endsWith(tokenPath)
    ? googleServiceRegion(url.slice(0, -tokenPath.length), 'sts', universe)
    : undefined
  if (service !== undefined) return service.region === undefined ? {} : { stsRegion: service.region }
  const expected = `https://sts.${universe}/v1/token or a region's https://sts.REGION.rep.googleapis.com/v1/token`
  return { path: ['token_url'], says: `is ${showValue(url)}`, expected }
}

const tokenPath = '/v1/token'

function accountOf(url: string | undefined, universe: string): Account | Flaw {
  if (url === undefined) return {}
  const { origin = '', email: serviceAccountEmail = '' } = parseImpersonationUrl(url) ?? {}
  const service = googleServiceRegion(origin, 'iamcredentials', universe)
  if (service !== undefined) {
    return { serviceAccountEmail, ...(service.region !== undefined && { endpoints: { iamCredentials: origin } }) }
  }
  const expected = `https://iamcredentials.${universe}/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`
  return { path: ['service_account_impersonation_url'], says: `is ${showValue(url)}`, expected }
}

function tokenSourceOf({ credential_source: source }: CredentialFileForm): TokenSource | Flaw {
  const foreign = ['executable', 'url', 'environment_id', 'certificate'].find((key) => Object.hasOwn(source, key))
  if (foreign !== undefined || source.file === undefined) {
    const says = foreign === undefined ? 'names no file' : `is of kind ${foreign}`
    const expected = 'file: no program is run and no address called for a subject token because a file says so'
    return { path: ['credential_source'], says, expected }
  }
  const field = source.format?.subject_token_field_name
  if (source.format?.type !== 'json') return { tokenFile: source.file }
  if (field !== undefined) return { tokenFile: source.file, tokenFileField: field }
  return {
    path: ['credential_source', 'format'],
    says: 'has no subject_token_field_name',
    expected: 'the name of the field that holds the token in a JSON file',
  }
}
