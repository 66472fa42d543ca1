/** Rules between the fields of `gcp`: one way to name the provider, and no field that would be ignored. */
import type { GcpForm } from './document-form.ts'
import type { FieldPath, Flaw } from './flaw.ts'

const parts = ['projectNumber', 'poolId', 'providerId'] as const
const fromCredentialFile = ['workloadIdentityProvider', ...parts, 'serviceAccountEmail', 'stsRegion'] as const
/** Direct federation would ignore them. */
export const impersonationFields = ['delegates', 'lifetime'] as const

export function gcpFlaws(form: GcpForm, path: FieldPath): Flaw[] {
  const has = (field: keyof GcpForm) => form[field] !== undefined
  const unwanted = (fields: readonly (keyof GcpForm)[], says: string, expected: string): Flaw[] =>
    fields.filter(has).map((field) => ({ path: [...path, field], says, expected, at: 'key' }))

  if (has('credentialFile')) {
    return unwanted(fromCredentialFile, 'stands beside credentialFile', "the credential file's own word for it, alone")
  }
  return [
    ...providerFlaws(form, path),
    ...(has('serviceAccountEmail')
      ? []
      : unwanted(impersonationFields, 'stands without serviceAccountEmail', 'serviceAccountEmail, or no such field')),
    ...(form.stsRegion !== undefined && (form.endpoints?.sts !== undefined || has('universeDomain'))
      ? unwanted(['stsRegion'], 'stands beside endpoints.sts or universeDomain', 'only one of them')
      : []),
  ]
}

function providerFlaws(form: GcpForm, path: FieldPath): Flaw[] {
  const given = parts.filter((part) => form[part] !== undefined)
  const missing = parts.filter((part) => form[part] === undefined)
  if (form.workloadIdentityProvider !== undefined) {
    return given.map((part) => ({
      path: [...path, part],
      says: 'stands beside workloadIdentityProvider',
      expected: 'only one of them',
      at: 'key',
    }))
  }
  if (missing.length === 0) return []
  const says = given.length === 0 ? 'names no workload identity provider' : `has no ${missing.join(' and no ')}`
  return [{ path, says, expected: `workloadIdentityProvider, or all of ${parts.join(', ')}, or credentialFile` }]
}
