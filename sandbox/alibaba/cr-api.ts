/** Container Registry, Enterprise Edition: authorization tokens of one instance. https://www.alibabacloud.com/help/en/acr/developer-reference/api-cr-2018-12-01-getauthorizationtoken */
import { randomBytes } from 'node:crypto'
import type { Authenticate } from '../registry/token-endpoint.ts'
import { accountId, type Principal, permits } from './account.ts'
import { type RpcAction, type RpcNeeds, RpcRefusal } from './rpc-api.ts'

export const region = 'eu-central-1'
export const instanceId = 'cri-example'
const username = 'cr_temp_user'
const lifeMs = 3_600_000

export interface ContainerRegistry {
  readonly actions: Readonly<Record<string, RpcAction>>
  readonly authenticate: Authenticate
}

export function createRegistry({ account, now }: RpcNeeds): ContainerRegistry {
  const issued = new Map<string, { readonly principal: Principal; readonly expiresAt: Date }>()
  return {
    actions: {
      GetAuthorizationToken({ caller, field }) {
        const principal = caller()
        checkPermission(permits(account, principal, 'cr:GetAuthorizationToken', '*'), 'cr:GetAuthorizationToken', '*')
        if (field('InstanceId') !== instanceId)
          throw new RpcRefusal(404, 'INSTANCE_NOT_EXIST', 'The instance does not exist.')
        const password = randomBytes(24).toString('base64url')
        const expiresAt = new Date(Math.floor(now().getTime() / 1000) * 1000 + lifeMs)
        issued.set(password, { principal, expiresAt })
        const body = { IsSuccess: true, Code: 'success', TempUsername: username, AuthorizationToken: password }
        return { ...body, ExpireTime: expiresAt.getTime() }
      },
    },
    authenticate({ username: given, password }) {
      const found = given === username ? issued.get(password) : undefined
      if (found === undefined || found.expiresAt <= now()) return undefined
      return {
        expiresAt: found.expiresAt,
        mayPull: (image) => permits(account, found.principal, 'cr:PullRepository', resourceOf(image)),
        denial: () => 'requested access to the resource is denied',
      }
    },
  }
}

const resourceOf = (image: string) => `acs:cr:${region}:${accountId}:repository/${instanceId}/${image}`

/** That Container Registry has the code and words of RAM is not confirmed. */
function checkPermission(isAllowed: boolean, action: string, resource: string): void {
  if (isAllowed) return
  throw new RpcRefusal(
    403,
    'NoPermission',
    `You are not authorized to do this action. Resource: ${resource} Action: ${action}`,
  )
}
