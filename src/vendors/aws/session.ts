/**
 * Sessions of IAM roles: the first for the subject token, further ones by role chaining.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */

import type { ExchangeHop } from '../../errors/pullpass-error.ts'
import { type ApiResponse, send, textField, UnexpectedResponse } from '../../http/send.ts'
import { accountOf } from '../../identity/service-account.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import { clockSkewMs, expiryOf, localExpiryMs } from '../expiry.ts'
import type { ExchangeContext, RegistryOf } from '../vendor.ts'
import { stsEndpoint } from './endpoints.ts'
import { queryBody } from './query-body.ts'
import { chainRefusal, type SettingsField, webIdentityRefusal } from './refusals.ts'
import type { AwsSettings } from './settings.ts'
import { type AwsCredentials, type SigningScope, signatureHeaders } from './sign.ts'

export interface RoleSession extends AwsCredentials {
  readonly expiresAt: Date
  /** By how much this machine's clock is ahead of AWS's, which accepts signatures for 15 minutes. */
  readonly skewMs: number
}

/** The settings of a registry that a session uses. */
export type SessionSettings = Omit<AwsSettings, 'endpoints'> & {
  readonly endpoints?: { readonly sts?: string }
  /** Where they are in the document, for fixes; absent: `aws`. */
  readonly fields?: SettingsField
}

export const chainHop: ExchangeHop = 'exchange/assume-role'

/** The default of AWS. */
const usualLifeSeconds = 3600
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining */
const longestChainedSeconds = 3600

/** Lifetime of the last session. */
export const sessionLifeSeconds = ({
  sessionDurationSeconds = usualLifeSeconds,
  assumeRoles,
}: SessionSettings): number =>
  assumeRoles === undefined ? sessionDurationSeconds : Math.min(sessionDurationSeconds, longestChainedSeconds)

/** Of the last role. @throws PullpassError at the hops exchange and exchange/assume-role */
export async function openSession(
  registry: RegistryOf<SessionSettings>,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<RoleSession> {
  const { settings } = registry
  let session = await assumeRoleWithWebIdentity(registry, subjectToken, context)
  context.secrets.add(session.secretAccessKey, session.sessionToken)
  for (const [index, role] of (settings.assumeRoles ?? []).entries()) {
    const isLast = index === (settings.assumeRoles?.length ?? 0) - 1
    const before = settings.assumeRoles?.[index - 1]?.roleArn ?? settings.roleArn
    const previous = session
    const lifeSeconds = sessionLifeSeconds(settings)
    session = await send(context, {
      hop: chainHop,
      service: "AWS's token service",
      url: `${stsEndpoint(settings, context.environment)}/`,
      form: {
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: role.roleArn,
        RoleSessionName: sessionNameOf(settings, subjectToken),
        DurationSeconds: String(lifeSeconds),
        ...(role.externalId !== undefined && { ExternalId: role.externalId }),
        ...(isLast ? limitsOf(settings) : {}),
      },
      headers: (sent) =>
        signedHeaders(sent, previous, { service: 'sts', region: settings.stsRegion ?? settings.region }),
      format: queryBody,
      refusal: (status, body) => chainRefusal(status, body, { role: role.roleArn, by: before, settings }),
      read: (response) => readSession(response, 'AssumeRole', lifeSeconds),
    })
    context.secrets.add(session.secretAccessKey, session.sessionToken)
  }
  return session
}

/** Unsigned: the subject token authenticates the request. */
async function assumeRoleWithWebIdentity(
  { settings, audience }: RegistryOf<SessionSettings>,
  subjectToken: SubjectToken,
  context: ExchangeContext,
): Promise<RoleSession> {
  const chained = settings.assumeRoles !== undefined
  const lifeSeconds = sessionLifeSeconds(settings)
  return await send(context, {
    hop: 'exchange',
    service: "AWS's token service",
    url: `${stsEndpoint(settings, context.environment)}/`,
    form: {
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: settings.roleArn,
      RoleSessionName: sessionNameOf(settings, subjectToken),
      DurationSeconds: String(lifeSeconds),
      WebIdentityToken: subjectToken.value,
      ...(chained ? {} : limitsOf(settings)),
    },
    format: queryBody,
    refusal: (status, body) =>
      webIdentityRefusal(status, body, { settings, subjectToken, audience: audience ?? usualAudience }),
    read: (response) => readSession(response, 'AssumeRoleWithWebIdentity', lifeSeconds),
  })
}

/** The default audience of AWS tools. */
export const usualAudience = 'sts.amazonaws.com'

/** Session policies, for the session that pulls. */
function limitsOf({ sessionPolicy, sessionPolicyArns = [] }: SessionSettings): Record<string, string> {
  const arns = sessionPolicyArns.map((arn, index) => [`PolicyArns.member.${index + 1}.arn`, arn] as const)
  return { ...(sessionPolicy !== undefined && { Policy: sessionPolicy }), ...Object.fromEntries(arns) }
}

/** Shown in audit logs. By default the service account, truncated to 64 characters. */
function sessionNameOf({ sessionName }: SessionSettings, { subject }: SubjectToken): string {
  if (sessionName !== undefined) return sessionName
  const account = accountOf(subject)
  const name = account === undefined ? '' : `${account.namespace}.${account.name}`
  return `pullpass.${name.replaceAll(/[^\w+=,.@-]/g, '.')}`.slice(0, 64)
}

/** Signs with the time of AWS's clock, so that requests succeed if this machine's clock is wrong. */
export const signedHeaders = (
  sent: Parameters<typeof signatureHeaders>[0],
  session: RoleSession,
  scope: SigningScope,
): ReturnType<typeof signatureHeaders> =>
  signatureHeaders({ ...sent, now: new Date(sent.now.getTime() - session.skewMs) }, session, scope)

function readSession(response: ApiResponse, action: string, lifeSeconds: number): RoleSession {
  const result = asObject(asObject(asObject(response.body)?.[`${action}Response`])?.[`${action}Result`])
  const credentials = asObject(result?.['Credentials'])
  if (credentials === undefined) throw new UnexpectedResponse('it contains no Credentials')
  const accessKeyId = textField(credentials, 'AccessKeyId')
  const expiration = timeOf(credentials['Expiration'], 'Expiration')
  return {
    accessKeyId,
    secretAccessKey: new Redacted(textField(credentials, 'SecretAccessKey')),
    sessionToken: new Redacted(textField(credentials, 'SessionToken')),
    expiresAt: expiryOf(localExpiryMs(expiration, lifeSeconds, response), lifeSeconds, response),
    skewMs: clockSkewMs(response),
  }
}

/** Seconds since 1970 in JSON, RFC 3339 in XML. Milliseconds. */
export function timeOf(value: unknown, name: string): number {
  const text = asText(value)
  const ms =
    typeof value === 'number'
      ? value * 1000
      : /^\d{4}-\d\d-\d\dT/.test(text ?? '')
        ? Date.parse(text ?? '')
        : Number.NaN
  if (Number.isFinite(ms)) return ms
  throw new UnexpectedResponse(value === undefined ? `it contains no ${name}` : `its ${name} is not a time`)
}
