/** AWS IAM: OIDC providers and roles, with its limits and permissions. https://docs.aws.amazon.com/IAM/latest/APIReference/ */
import type { AccessKeys, Principal } from '../access-keys.ts'
import { AwsRefusal, type QueryAction, type QueryApi } from '../query-api.ts'
import { authenticate } from '../sts/sts-api.ts'
import type { IamNeeds } from './iam-action.ts'
import { allows } from './policy.ts'
import { providerActions } from './provider-actions.ts'
import { roleActions } from './role-actions.ts'
import { rolePolicyActions } from './role-policy-actions.ts'

export interface IamSettings {
  /** Called before an action; it may throw, or change what exists. */
  readonly beforeAction?: (name: string) => void
}

/** IAM is global: requests are signed for this region. */
const region = 'us-east-1'

interface IamApiNeeds extends IamNeeds {
  readonly keys: AccessKeys
  readonly settings: () => IamSettings
}

export function iamApi(needs: IamApiNeeds): QueryApi {
  const actions = { ...providerActions(needs), ...roleActions(needs), ...rolePolicyActions(needs) }
  const guarded = Object.entries(actions).map(([name, { resource, run }]): [string, QueryAction] => [
    name,
    (call) => {
      needs.settings().beforeAction?.(name)
      const caller = authenticate(call, { ...needs, region }, 'iam')
      checkPermission(caller, `iam:${name}`, resource(call))
      return run(call)
    },
  ])
  return {
    version: '2010-05-08',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    formats: ['xml'],
    actions: Object.fromEntries(guarded),
  }
}

function checkPermission({ arn, limits = [] }: Principal, action: string, resource: string): void {
  if (allows(limits, { action, resource })) return
  const message = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`
  throw new AwsRefusal('AccessDenied', message, 403)
}
