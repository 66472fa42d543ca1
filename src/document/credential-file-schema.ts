/** Fields of an external_account credential file that pullpass reads; the others are the vendor's. https://google.aip.dev/auth/4117 */
import * as z from 'zod/mini'
import { filePath } from './file-path.ts'
import { workloadIdentityProvider } from './gcp-names.ts'
import { universeDomain } from './gcp-rules.ts'
import { text, word } from './schema-parts.ts'
import type { TextRule } from './text-rule.ts'

export interface CredentialFileForm {
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

const url: TextRule = { pattern: /^https:\/\/[!-~]+$/, maxLength: 1024, expected: 'an https URL' }
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

/** Asked first: of another kind of file nothing else is worth saying. */
export const externalAccountForm: z.ZodMiniType<{ readonly type: string }> = z.looseObject(
  { type: text(externalAccount, 'Kind of credential') },
  object,
)

export const credentialFileForm: z.ZodMiniType<CredentialFileForm> = z.looseObject(
  {
    type: text(externalAccount, 'Kind of credential'),
    audience: text(workloadIdentityProvider, 'Full resource name of the provider'),
    token_url: text(url, 'Token service'),
    subject_token_type: word(
      ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token'],
      'Kind of subject token',
    ),
    service_account_impersonation_url: z.exactOptional(text(url, 'Account to impersonate')),
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
