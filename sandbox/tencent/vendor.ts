/**
 * Tencent Cloud: STS, which is called without a signature, and Container Registry, which verifies signature TC3. Errors have the status
 * 200; their codes are not confirmed. https://www.tencentcloud.com/document/product/1007/31323
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { type FederatedSandbox, type FederatedTools, federatedVendor, jsonOf } from '../issuer/federated-service.ts'
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { SandboxVendor } from '../vendor.ts'

interface Session {
  readonly key: string
  readonly token: string
}

export const tencent: SandboxVendor<FederatedSandbox> = {
  async open(context) {
    const sessions = new Map<string, Session>()
    const service = federatedVendor({
      audience: () => 'sts.tencentcloudapi.com',
      lifeSeconds: 3600,
      name: 'qcs::cam::uin/100000000001:roleName/puller',
      respond: (request, tools) =>
        request.headers['x-tc-action'] === 'AssumeRoleWithWebIdentity'
          ? assumeRole(request, tools, sessions)
          : createToken(request, tools, sessions),
    })
    return await service.open(context)
  },
}

async function assumeRole(
  request: SandboxRequest,
  { settings, verify }: FederatedTools,
  sessions: Map<string, Session>,
): Promise<SandboxResponse> {
  const { RoleArn, WebIdentityToken } = jsonOf(request)
  const { headers } = request
  if (headers['authorization'] !== 'SKIP' || headers['x-tc-version'] !== '2018-08-13')
    return refused('InvalidParameter', 'The request is not valid.')
  if (RoleArn !== settings.name) return refused('ResourceNotFound.RoleNotFound', 'The role does not exist.')
  const verdict = await verify(String(WebIdentityToken))
  if ('rejection' in verdict) {
    return verdict.rejection === 'subject'
      ? refused('UnauthorizedOperation', 'The trust policy does not allow this identity.')
      : refused('InvalidParameter.WebIdentityTokenError', `The token is not accepted: ${verdict.rejection}.`)
  }
  const [id, key, token] = [`AKID${randomBytes(8).toString('hex')}`, newSecret(), newSecret()]
  sessions.set(id, { key, token })
  return respond({ Credentials: { Token: token, TmpSecretId: id, TmpSecretKey: key } })
}

function createToken(
  request: SandboxRequest,
  { issue }: FederatedTools,
  sessions: Map<string, Session>,
): SandboxResponse {
  const { headers } = request
  const [, id = '', date = '', names = '', signature = ''] =
    /^TC3-HMAC-SHA256 Credential=([^/]+)\/([^/]+)\/tcr\/tc3_request, SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/.exec(
      headers['authorization'] ?? '',
    ) ?? []
  const session = sessions.get(id)
  if (session === undefined || headers['x-tc-token'] !== session.token)
    return refused('AuthFailure.TokenFailure', 'The token is not valid.')
  if (names !== 'content-type;host;x-tc-action' || signature !== signatureOf(request, date, session.key))
    return refused('AuthFailure.SignatureFailure', 'The provided credentials could not be validated.')
  if (jsonOf(request)['RegistryId'] !== 'tcr-example')
    return refused('ResourceNotFound', 'The instance does not exist.')
  const { password, expiresAt } = issue('100000000001')
  return respond({ Username: '100000000001', Token: password, ExpTime: expiresAt.getTime(), TokenId: 't' })
}

function signatureOf({ headers, body }: SandboxRequest, date: string, key: string): string {
  const hash = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')
  const hmac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text).digest()
  const lines = `content-type:${headers['content-type']}\nhost:${headers['host']}\nx-tc-action:${headers['x-tc-action']?.toLowerCase()}\n`
  const canonical = ['POST', '/', '', lines, 'content-type;host;x-tc-action', hash(body)].join('\n')
  const toSign = ['TC3-HMAC-SHA256', headers['x-tc-timestamp'], `${date}/tcr/tc3_request`, hash(canonical)].join('\n')
  const signing = hmac(hmac(hmac(`TC3${key}`, date), 'tcr'), 'tc3_request')
  return createHmac('sha256', signing).update(toSign).digest('hex')
}

const newSecret = () => randomBytes(24).toString('base64url')
const respond = (fields: object): SandboxResponse => ({
  status: 200,
  body: { Response: { ...fields, RequestId: 'R' } },
})
const refused = (Code: string, Message: string): SandboxResponse => respond({ Error: { Code, Message } })
