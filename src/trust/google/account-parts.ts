/** What the address of a service account tells. https://cloud.google.com/iam/docs/service-accounts-create */

/** What people may create; others are Google's own. */
const creatable = /^([a-z](?:[a-z0-9-]{4,28}[a-z0-9]))@([a-z0-9.-]+)\.iam\.gserviceaccount\.com$/

/** Id and project; undefined of an account that nobody can create. */
export function accountParts(email: string): { readonly id: string; readonly project: string } | undefined {
  const [, id, host] = creatable.exec(email) ?? []
  if (id === undefined || host === undefined) return undefined
  // `NAME@PROJECT.example.com.iam…` is of the domain's project example.com:PROJECT.
  const [project = '', ...domain] = host.split('.')
  return { id, project: domain.length === 0 ? project : `${domain.join('.')}:${project}` }
}
