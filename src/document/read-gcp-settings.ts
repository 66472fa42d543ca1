/** From the fields of `gcp` to its settings, with the credential file where one is named. */
import { parseDuration } from '../text/nearest.ts'
import { showPath } from '../text/show.ts'
import type { TokenSource } from './document.ts'
import { refuse } from './document-errors.ts'
import type { GcpForm } from './document-form.ts'
import { pathFrom } from './field-rules.ts'
import { canonicalProvider, providerOfParts } from './gcp-names.ts'
import { impersonationFields } from './gcp-schema.ts'
import type { GcpSettings } from './gcp-settings.ts'

/** `form` keeps the schema and the rules of gcp-flaws.ts. @throws CREDENTIAL_FILE_INVALID, DOCUMENT_UNREADABLE */
export async function readGcpSettings(
  form: GcpForm,
  folder: string,
): Promise<{ readonly settings: GcpSettings; readonly token: TokenSource | undefined }> {
  const { workloadIdentityProvider, projectNumber, poolId, providerId, lifetime, credentialFile, ...same } = form
  const life = lifetime === undefined ? {} : { lifetimeSeconds: (parseDuration(lifetime) ?? 0) / 1000 }
  if (credentialFile !== undefined) {
    const { readCredentialFile } = await import('./gcp-credential-file.ts')
    const path = pathFrom(folder, credentialFile)
    const { token, settings } = await readCredentialFile(path, form.universeDomain)
    refuseIgnored(form, settings, path)
    const endpoints = { ...settings.endpoints, ...same.endpoints }
    return {
      token,
      settings: { ...settings, ...same, ...life, ...(Object.keys(endpoints).length > 0 && { endpoints }) },
    }
  }
  const provider =
    workloadIdentityProvider === undefined
      ? providerOfParts({
          projectNumber: String(projectNumber),
          poolId: String(poolId),
          providerId: String(providerId),
        })
      : canonicalProvider(workloadIdentityProvider)
  return { token: undefined, settings: { workloadIdentityProvider: provider, ...same, ...life } }
}

function refuseIgnored(form: GcpForm, settings: GcpSettings, path: string): void {
  const ignored = impersonationFields.filter((field) => form[field] !== undefined)
  if (settings.serviceAccountEmail !== undefined || ignored.length === 0) return
  const seen = `${showPath(path)} names no service account, and the document gives ${ignored.join(' and ')}`
  throw refuse('CREDENTIAL_FILE_INVALID', [{ seen, expected: 'service_account_impersonation_url, or no such field' }])
}
