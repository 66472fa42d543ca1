/**
 * Alibaba Cloud: STS, which is called without a signature, and Container Registry, which verifies signature version 3. Codes of refusals
 * are not confirmed. https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { type FederatedSandbox, type FederatedTools, federatedVendor, formOf } from '../issuer/federated-service.ts'
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { SandboxVendor } from '../vendor.ts'

interface Session {
  readonly secret: string
  readonly token: string
}

export const alibaba: SandboxVendor<FederatedSandbox> = {
  async open(context) {
    const sessions = new Map<string, Session>()
    const service = federatedVendor({
      audience: () => 'sts.aliyuncs.com',
      lifeSeconds: 3600,
      name: 'acs:ram::123456789012:role/puller',
      respond: (request, tools) =>
        request.query.get('Action') === 'AssumeRoleWithOIDC'
          ? assumeRole(request, tools, sessions)
          : authorize(request, tools, sessions),
    })
    return await service.open(context)
  },
}

async function assumeRole(
  request: SandboxRequest,
  { settings, verify, now }: FederatedTools,
  sessions: Map<string, Session>,
): Promise<SandboxResponse> {
  const form = formOf(request)
  if (request.query.get('Version') !== '2015-04-01')
    return refused(400, 'InvalidVersion', 'Specified parameter Version is not valid.')
  if (form?.get('RoleArn') !== settings.name) return refused(404, 'EntityNotExist.Role', 'The role not exists.')
  const verdict = await verify(form?.get('OIDCToken') ?? '')
  if ('rejection' in verdict) {
    return verdict.rejection === 'subject'
      ? refused(403, 'AuthenticationFail.NoPermission', 'This operation is not permitted by the trust policy.')
      : refused(400, 'AuthenticationFail.OIDCToken', `The OIDC token is not accepted: ${verdict.rejection}.`)
  }
  const [id, secret, token] = [`STS.${randomBytes(8).toString('hex')}`, newSecret(), newSecret()]
  sessions.set(id, { secret, token })
  const Expiration = new Date(now().getTime() + 3_600_000).toISOString().replace(/\.\d{3}/, '')
  const Credentials = { AccessKeyId: id, AccessKeySecret: secret, SecurityToken: token, Expiration }
  return { status: 200, body: { RequestId: 'R', Credentials } }
}

function authorize(
  request: SandboxRequest,
  { issue }: FederatedTools,
  sessions: Map<string, Session>,
): SandboxResponse {
  const { headers, query } = request
  const [, id = '', names = '', signature = ''] =
    /^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]+)$/.exec(
      headers['authorization'] ?? '',
    ) ?? []
  const session = sessions.get(id)
  if (session === undefined || headers['x-acs-security-token'] !== session.token)
    return refused(403, 'InvalidSecurityToken', 'The security token is not valid.')
  const all = [
    'host',
    'x-acs-action',
    'x-acs-content-sha256',
    'x-acs-date',
    'x-acs-security-token',
    'x-acs-signature-nonce',
    'x-acs-version',
  ]
  if (names !== all.join(';') || signature !== signatureOf(request, all, session.secret))
    return refused(400, 'SignatureDoesNotMatch', 'Specified signature does not match our calculation.')
  if (headers['x-acs-action'] !== 'GetAuthorizationToken' || query.get('InstanceId') !== 'cri-example')
    return refused(404, 'INSTANCE_NOT_EXIST', 'The instance does not exist.')
  const { password, expiresAt } = issue('cr_temp_user')
  const body = { IsSuccess: true, Code: 'success', TempUsername: 'cr_temp_user', AuthorizationToken: password }
  return { status: 200, body: { ...body, ExpireTime: expiresAt.getTime() } }
}

function signatureOf(
  { method, path, query, headers, body }: SandboxRequest,
  names: readonly string[],
  secret: string,
): string {
  const hash = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')
  const lines = names.map((name) => `${name}:${headers[name] ?? ''}\n`).join('')
  const canonical = [method, path, query.toString(), lines, names.join(';'), hash(body)].join('\n')
  return createHmac('sha256', secret)
    .update(`ACS3-HMAC-SHA256\n${hash(canonical)}`)
    .digest('hex')
}

const newSecret = () => randomBytes(24).toString('base64url')
const refused = (status: number, Code: string, Message: string): SandboxResponse => ({
  status,
  body: { RequestId: 'R', Code, Message },
})
