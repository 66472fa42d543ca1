/** AWS Security Token Service. https://docs.aws.amazon.com/STS/latest/APIReference/ */
import type { AccessKeys, Principal } from '../access-keys.ts'
import { type Account, accountId, managedPolicies, type Role, roleArn } from '../iam/account.ts'
import { allows, type Policy, parsePolicy } from '../iam/policy.ts'
import { AwsRefusal, type QueryApi, type QueryCall, type QueryResult } from '../query-api.ts'
import { type SignatureFault, verifySignature } from '../signature.ts'
import { verifyWebIdentity, type WebIdentityNeeds } from './web-identity.ts'

interface StsNeeds extends Pick<WebIdentityNeeds, 'issuers'> {
  readonly account: Account
  readonly keys: AccessKeys
  readonly now: () => Date
  readonly region: string
  readonly settings: () => StsSettings
}

export interface StsSettings {
  readonly issuerAuthority: WebIdentityNeeds['issuerAuthority']
  /** An error of every request; absent: none. */
  readonly refusal?: AwsRefusal
}

export function stsApi(needs: StsNeeds): QueryApi {
  const refuseAll = () => {
    const { refusal } = needs.settings()
    if (refusal !== undefined) throw refusal
  }
  return {
    version: '2011-06-15',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    formats: ['xml', 'json'],
    actions: {
      async AssumeRoleWithWebIdentity(call) {
        refuseAll()
        const name = sessionName(call)
        const verifying = {
          account: needs.account,
          issuers: needs.issuers,
          now: needs.now(),
          issuerAuthority: needs.settings().issuerAuthority,
        }
        const { identity, role } = await verifyWebIdentity(
          call.field('WebIdentityToken'),
          call.field('RoleArn'),
          verifying,
        )
        return {
          SubjectFromWebIdentityToken: identity.subject,
          Audience: identity.audience,
          Provider: identity.provider,
          ...session(call, { role, name, longest: role.maxSessionSeconds }, needs),
        }
      },
      AssumeRole(call) {
        refuseAll()
        const caller = authenticate(call, needs)
        const arn = call.field('RoleArn')
        const role = [...needs.account.roles.values()].find((one) => roleArn(one) === arn)
        const by = caller.role === undefined ? caller.arn : roleArn(roleNamed(caller.role, needs.account))
        const externalId = call.fields.get('ExternalId')
        const isAllowed =
          role !== undefined &&
          caller.role !== undefined &&
          needs.account.permits(caller.role, 'sts:AssumeRole', arn) &&
          allows([role.trustPolicy], {
            action: 'sts:AssumeRole',
            principal: ['AWS', by],
            context: externalId === null ? {} : { 'sts:ExternalId': externalId },
          })
        if (!isAllowed) {
          const message = `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`
          throw new AwsRefusal('AccessDenied', message, 403)
        }
        return session(call, { role, name: sessionName(call), longest: 3600 }, needs)
      },
      GetCallerIdentity(call) {
        const { arn } = authenticate(call, needs)
        return { Arn: arn, UserId: 'AROAEXAMPLE', Account: accountId }
      },
    },
  }
}

function roleNamed(name: string, { roles }: Account): Role {
  const role = roles.get(name)
  if (role === undefined)
    throw new AwsRefusal('InvalidClientTokenId', 'The security token included in the request is invalid.', 403)
  return role
}

const faultCodes: Readonly<Record<SignatureFault['kind'], string>> = {
  missing: 'MissingAuthenticationToken',
  incomplete: 'IncompleteSignature',
  scope: 'SignatureDoesNotMatch',
  'unknown key': 'InvalidClientTokenId',
  'expired key': 'ExpiredToken',
  wrong: 'SignatureDoesNotMatch',
}

/** Where the public registry is: its operators and sessions use the token service there. */
const publicRegion = 'us-east-1'

/** Of a query API. @throws AwsRefusal */
export function authenticate(
  { request }: QueryCall,
  needs: Pick<StsNeeds, 'keys' | 'now' | 'region'>,
  service = 'sts',
): Principal {
  const { keys, now, region } = needs
  const found = verifySignature(request, { keys, now: now(), service, regions: [region, publicRegion] })
  if ('arn' in found) return found
  throw new AwsRefusal(faultCodes[found.kind], found.message, found.kind === 'incomplete' ? 400 : 403)
}

function sessionName({ field }: QueryCall): string {
  const name = field('RoleSessionName')
  if (/^[\w+=,.@-]{2,64}$/.test(name)) return name
  throw new AwsRefusal(
    'ValidationError',
    `1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
  )
}

interface Opened {
  readonly role: Role
  readonly name: string
  readonly longest: number
}

/** `PolicyArns.member.1.arn`, … */
function managedLimits(fields: URLSearchParams): Policy[] {
  const limits: Policy[] = []
  for (let at = 1; fields.has(`PolicyArns.member.${at}.arn`); at++) {
    const policy = managedPolicies[fields.get(`PolicyArns.member.${at}.arn`) ?? '']
    if (policy === undefined) throw new AwsRefusal('ValidationError', 'PolicyArns specified were not found')
    limits.push(policy)
  }
  return limits
}

function session({ fields }: QueryCall, { role, name, longest }: Opened, { keys, now }: StsNeeds): QueryResult {
  const seconds = Number(fields.get('DurationSeconds') ?? 3600)
  if (!(seconds >= 900 && seconds <= longest))
    throw new AwsRefusal(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  const text = fields.get('Policy')
  const own = text === null ? undefined : parsePolicy(text, 'identity')
  if (text !== null && own === undefined) throw new AwsRefusal('MalformedPolicyDocument', 'Syntax errors in policy.')
  const limits = [...(own === undefined ? [] : [own]), ...managedLimits(fields)]
  const expiresAt = new Date(Math.floor(now().getTime() / 1000) * 1000 + seconds * 1000)
  const arn = `arn:aws:sts::${accountId}:assumed-role/${role.name}/${name}`
  const { id, secret, sessionToken } = keys.issue(
    { arn, role: role.name, ...(limits.length > 0 && { limits }) },
    expiresAt,
  )
  return {
    AssumedRoleUser: { AssumedRoleId: `AROAEXAMPLE:${name}`, Arn: arn },
    Credentials: { AccessKeyId: id, SecretAccessKey: secret, SessionToken: sessionToken, Expiration: expiresAt },
    ...(text !== null && { PackedPolicySize: Math.ceil(text.length / 20) }),
  }
}
