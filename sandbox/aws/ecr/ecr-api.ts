/** Authorization tokens of ECR and ECR Public. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html */
import { randomBytes } from 'node:crypto'
import type { Authenticate, RegistryHolder } from '../../registry/token-endpoint.ts'
import type { SandboxHandler, SandboxResponse } from '../../serve/handler.ts'
import type { AccessKeys, Principal } from '../access-keys.ts'
import { type Account, accountId } from '../iam/account.ts'
import { allows } from '../iam/policy.ts'
import { type SignatureFault, verifySignature } from '../signature.ts'

interface EcrNeeds {
  readonly account: Account
  readonly keys: AccessKeys
  readonly now: () => Date
  readonly region: string
}

export interface Ecr {
  readonly api: SandboxHandler
  readonly publicApi: SandboxHandler
  readonly authenticate: Authenticate
}

interface IssuedToken {
  readonly service: 'ecr' | 'ecr-public'
  readonly principal: Principal
  readonly expiresAt: Date
}

const lifeMs = 12 * 3_600_000

export function createEcr(needs: EcrNeeds): Ecr {
  const issued = new Map<string, IssuedToken>()
  const { now } = needs
  const issue = (service: IssuedToken['service'], principal: Principal, sessionEndsAt: Date | undefined) => {
    const password = randomBytes(1100).toString('base64')
    const expiresAt = new Date(now().getTime() + lifeMs)
    // It is refused after the session's end, which the response does not state.
    issued.set(password, {
      service,
      principal,
      expiresAt: sessionEndsAt !== undefined && sessionEndsAt < expiresAt ? sessionEndsAt : expiresAt,
    })
    return {
      authorizationToken: Buffer.from(`AWS:${password}`).toString('base64'),
      expiresAt: expiresAt.getTime() / 1000,
    }
  }

  const service =
    (name: IssuedToken['service'], target: string, actions: readonly string[]): SandboxHandler =>
    (request) => {
      const region = name === 'ecr' ? needs.region : 'us-east-1'
      const caller = verifySignature(request, { keys: needs.keys, now: now(), service: name, regions: [region] })
      if (!('arn' in caller)) return refused(caller)
      if (
        request.method !== 'POST' ||
        request.headers['content-type'] !== 'application/x-amz-json-1.1' ||
        request.headers['x-amz-target'] !== target
      )
        return fault('UnknownOperationException', '')
      const denied = actions.find((action) => !permits(caller, action, '*', needs))
      if (denied !== undefined) {
        const why = caller.limits === undefined ? 'identity-based' : 'session'
        return fault(
          'AccessDeniedException',
          `User: ${caller.arn} is not authorized to perform: ${denied} on resource: * because no ${why} policy allows the ${denied} action`,
        )
      }
      const id = /Credential=([A-Z0-9]+)/.exec(request.headers['authorization'] ?? '')?.[1] ?? ''
      const token = issue(name, caller, needs.keys.find(id)?.expiresAt)
      if (name === 'ecr-public') return json({ authorizationData: token })
      const proxyEndpoint = `https://${accountId}.dkr.ecr.${region}.amazonaws.com`
      return json({ authorizationData: [{ ...token, proxyEndpoint }] })
    }

  return {
    api: service('ecr', 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken', ['ecr:GetAuthorizationToken']),
    publicApi: service('ecr-public', 'SpencerFrontendService.GetAuthorizationToken', [
      'ecr-public:GetAuthorizationToken',
      'sts:GetServiceBearerToken',
    ]),
    authenticate: ({ username, password }) => {
      const token = username === 'AWS' ? issued.get(password) : undefined
      return token === undefined || token.expiresAt <= now() ? undefined : holderOf(token, needs)
    },
  }
}

const permits = ({ role, limits }: Principal, action: string, resource: string, { account }: EcrNeeds) =>
  role !== undefined &&
  account.permits(role, action, resource) &&
  (limits === undefined || allows(limits, { action, resource }))

/** Images of the public registry need no permission. */
function holderOf({ service, principal, expiresAt }: IssuedToken, needs: EcrNeeds): RegistryHolder {
  const actions = service === 'ecr' ? ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'] : []
  const denied = (image: string) =>
    actions.find((action) => !permits(principal, action, repositoryArn(image, needs), needs))
  return {
    expiresAt,
    mayPull: (image) => denied(image) === undefined,
    denial: (image) =>
      `User: ${principal.arn} is not authorized to perform: ${denied(image)} on resource: ${repositoryArn(image, needs)} because no identity-based policy allows the ${denied(image)} action`,
  }
}

const repositoryArn = (image: string, { region }: EcrNeeds) => `arn:aws:ecr:${region}:${accountId}:repository/${image}`

const faultCodes: Readonly<Record<SignatureFault['kind'], string>> = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  scope: 'InvalidSignatureException',
  'unknown key': 'UnrecognizedClientException',
  'expired key': 'ExpiredTokenException',
  wrong: 'InvalidSignatureException',
}

const refused = ({ kind, message }: SignatureFault) => fault(faultCodes[kind], message)

const json = (body: object, status = 200): SandboxResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify(body),
})

const fault = (type: string, message: string) => json({ __type: type, message }, 400)
