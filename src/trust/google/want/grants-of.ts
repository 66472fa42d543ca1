/** Who must be granted what, from the principal to the repository. */
import type { GcpSettings } from '../../../document/gcp-settings.ts'
import type { WantedGrant } from './wanted-at-google.ts'

type Chain = Pick<GcpSettings, 'delegates' | 'serviceAccountEmail'>

/** With delegates the principal acts as the first, and each as the next; none in direct federation. */
export const accountsOf = ({ delegates = [], serviceAccountEmail }: Chain): string[] =>
  serviceAccountEmail === undefined ? [] : [...delegates, serviceAccountEmail]

export function grantsOf(
  settings: Chain & Pick<GcpSettings, 'workloadIdentityProvider'>,
  repository: string,
  principal: string,
): WantedGrant[] {
  const providers = [settings.workloadIdentityProvider]
  const acting = accountsOf(settings).map((email, index, chain): WantedGrant => {
    const before = chain[index - 1]
    const on = { kind: 'serviceAccount', email } as const
    return before === undefined
      ? { on, role: 'roles/iam.workloadIdentityUser', member: principal, providers }
      : { on, role: 'roles/iam.serviceAccountTokenCreator', member: `serviceAccount:${before}`, providers }
  })
  const { serviceAccountEmail: reader } = settings
  const reading: WantedGrant = {
    on: { kind: 'repository', name: repository },
    role: 'roles/artifactregistry.reader',
    member: reader === undefined ? principal : `serviceAccount:${reader}`,
    providers,
  }
  return [...acting, reading]
}
