/**
 * Maps error responses of STS and ECR to codes and fixes. Where an STS code has several causes, the message distinguishes them;
 * an unknown message is reported unchanged.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html
 */
import type { Refusal } from '../../http/request-errors.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { shellOperand, shellQuote } from '../../text/shell.ts'
import { rfc3339 } from '../../text/time.ts'
import { showToken } from '../exchange-refusal.ts'
import { parseRole, providerArn } from './names.ts'
import { queryError } from './query-body.ts'
import type { AwsSettings } from './settings.ts'

type Meaning = Omit<Refusal, 'message'>

/** The field of a registry that contains the settings: the identifier of its vendor. */
export type SettingsField = 'aws' | 'awsPublic'

interface WebIdentityRequest {
  readonly settings: Pick<AwsSettings, 'roleArn' | 'region' | 'stsRegion' | 'sessionDurationSeconds'> & {
    readonly fields?: SettingsField
  }
  readonly subjectToken: SubjectToken
  readonly audience: string
}

const providerOf = ({ settings, subjectToken }: WebIdentityRequest) => {
  const { partition, account } = parseRole(settings.roleArn)
  return providerArn(partition, account, subjectToken.issuer)
}

const describeProvider = (request: WebIdentityRequest) =>
  `aws iam get-open-id-connect-provider --open-id-connect-provider-arn ${shellQuote(providerOf(request))}`

const describeRole = (arn: string) =>
  `aws iam get-role --role-name ${shellQuote(parseRole(arn).name)} --query Role.AssumeRolePolicyDocument`

const keyOf = ({ keyId }: SubjectToken) => (keyId === undefined ? '' : ` ${quote(keyId)}`)

const readable = ({ subjectToken }: WebIdentityRequest) =>
  `${subjectToken.issuer}/.well-known/openid-configuration and its JWKS, with key${keyOf(subjectToken)}, readable without credentials`

interface Cause {
  readonly code: RegExp
  readonly message?: RegExp
  readonly meaning: (request: WebIdentityRequest) => Meaning
}

const causes: readonly Cause[] = [
  {
    code: /^InvalidIdentityToken/,
    message: /No OpenIDConnect provider found/,
    meaning: (request) => ({
      code: 'PROVIDER_NOT_FOUND',
      expected: `the OIDC provider ${providerOf(request)}, for exactly the issuer ${quote(request.subjectToken.issuer)}`,
      hint: 'pullpass trust apply -f FILE creates it; compare it with those of the account',
      command: 'aws iam list-open-id-connect-providers',
    }),
  },
  {
    code: /^InvalidIdentityToken/,
    message: /Incorrect token audience/,
    meaning: (request) => ({
      code: 'AUDIENCE_REFUSED',
      expected: `the audience of the token, ${request.subjectToken.audiences.map(quote).join(', ')}, among the client ids of ${providerOf(request)}`,
      hint: "pullpass trust apply -f FILE adds it; or set one of them as the registry's audience",
      command: describeProvider(request),
    }),
  },
  {
    code: /^InvalidIdentityToken/,
    message: /retrieve verification key/,
    meaning: (request) => ({
      code: 'ISSUER_UNREACHABLE',
      expected: readable(request),
      hint: "publish the cluster's metadata at its issuer's URL; after a key rotation, publish it again",
      retryable: true,
    }),
  },
  {
    code: /^InvalidIdentityToken/,
    message: /thumbprint/i,
    meaning: (request) => ({
      code: 'CERTIFICATE_UNTRUSTED',
      expected: `a certificate at ${request.subjectToken.issuer} of a public authority, or of one whose thumbprint the provider has`,
      hint: `set ${request.settings.fields ?? 'aws'}.trust.thumbprints to the SHA-1 of the authority's certificate, then pullpass trust apply -f FILE --replace thumbprints; compare`,
      command: describeProvider(request),
    }),
  },
  {
    code: /^InvalidIdentityToken/,
    message: /signature|verif/i,
    meaning: ({ subjectToken }) => ({
      code: 'SIGNATURE_INVALID',
      expected: `the published key${keyOf(subjectToken)} to be the one that the cluster signs with`,
      hint: "publish the cluster's current JWKS",
    }),
  },
  {
    code: /^InvalidIdentityToken/,
    meaning: ({ subjectToken }) => ({
      code: 'EXCHANGE_REFUSED',
      expected: `a token that AWS can read: a JWT with one audience, signed with an RSA or EC key; this one names ${quote(subjectToken.algorithm ?? 'none')}`,
      ...showToken('show the token'),
    }),
  },
  {
    code: /^ExpiredToken/,
    meaning: ({ subjectToken }) => ({
      code: 'TOKEN_STALE',
      expected: `a token that is valid by AWS's clock; this one expires at ${rfc3339(subjectToken.expiresAt)}`,
      hint: "check that the cluster's and this machine's clocks are right, and that the token file is renewed (the kubelet renews that of a projected volume)",
    }),
  },
  {
    code: /^IDPCommunicationError/,
    meaning: (request) => ({
      code: 'ISSUER_UNREACHABLE',
      expected: readable(request),
      hint: 'no action if this is temporary; otherwise check the issuer',
      command: `pullpass issuer check ${shellOperand(request.subjectToken.issuer, 'ISSUER')}`,
      retryable: true,
    }),
  },
  {
    code: /^AccessDenied/,
    meaning: (request) => ({
      code: 'CONDITION_REFUSED',
      expected: `role ${request.settings.roleArn} to exist, and its trust policy to allow subject ${request.subjectToken.subject} with audience ${request.audience}`,
      hint: 'pullpass trust apply -f FILE adds the subject; a change takes up to a minute to take effect; compare',
      command: describeRole(request.settings.roleArn),
    }),
  },
]

export function webIdentityRefusal(status: number, body: unknown, request: WebIdentityRequest): Refusal | undefined {
  const error = queryError(body)
  if (error === undefined) return undefined
  const { code, message } = error
  const cause = causes.find((one) => one.code.test(code) && (one.message?.test(message) ?? true))
  return {
    ...(cause?.meaning(request) ?? usualMeaning(code, message, status, request.settings)),
    message: `${code}: ${message}`,
  }
}

interface ChainRequest {
  readonly role: string
  /** ARN of the role whose session assumes it. */
  readonly by: string
  readonly settings: WebIdentityRequest['settings']
}

/** Of AssumeRole with the session of the previous role. */
export function chainRefusal(status: number, body: unknown, { role, by, settings }: ChainRequest): Refusal | undefined {
  const error = queryError(body)
  if (error === undefined) return undefined
  const { code, message } = error
  const meaning: Meaning = code.startsWith('AccessDenied')
    ? {
        code: 'IMPERSONATION_DENIED',
        expected: `the trust policy of ${role} to allow sts:AssumeRole to ${by} (with the external id of the document, if it requires one), and a policy of ${by} to allow it on ${role}`,
        hint: 'a change takes up to a minute to take effect; compare',
        command: describeRole(role),
      }
    : usualMeaning(code, message, status, settings)
  return { ...meaning, message: `${code}: ${message}` }
}

const throttled =
  /^(?:Throttling|ThrottlingException|Throttled|ThrottledException|RequestLimitExceeded|TooManyRequestsException|SlowDown|LimitExceededException)$/

/** Codes that all AWS services share. */
function usualMeaning(
  code: string,
  message: string,
  status: number,
  { region, stsRegion = region, sessionDurationSeconds, fields = 'aws' }: WebIdentityRequest['settings'],
): Meaning {
  if (throttled.test(code) || status === 429) return quotaExceeded
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', retryable: true }
  if (code.startsWith('RegionDisabled')) {
    return {
      code: 'API_DISABLED',
      expected: `the token service to be active in region ${stsRegion} for this account`,
      hint: `activate it in the account settings of IAM, or set ${fields}.stsRegion to an active region`,
    }
  }
  if (code === 'MalformedPolicyDocument' || code === 'PackedPolicyTooLarge') {
    return {
      code: 'EXCHANGE_REFUSED',
      expected: 'a session policy that AWS accepts',
      hint: 'correct, shorten or remove aws.sessionPolicy and aws.sessionPolicyArns',
    }
  }
  if (/DurationSeconds/i.test(message)) {
    return {
      code: 'EXCHANGE_REFUSED',
      expected: `a duration that the role permits; ${sessionDurationSeconds ?? 3600} s was requested`,
      hint: `shorten ${fields}.sessionDuration, or raise the role's maximum session duration`,
    }
  }
  return (
    clockMeaning(code, message) ?? {
      code: 'EXCHANGE_REFUSED',
      hint: "check that the endpoint is AWS's, and the settings of the registry",
    }
  )
}

/** A signature is valid for 15 minutes. */
function clockMeaning(code: string, message: string): Meaning | undefined {
  if (
    /^(?:InvalidSignature|SignatureDoesNotMatch|RequestExpired)/.test(code) &&
    /Signature (?:expired|not yet current)|expired/i.test(message)
  ) {
    return {
      code: 'EXCHANGE_REFUSED',
      expected: "a signature whose time is within 15 minutes of AWS's clock",
      hint: "correct this machine's clock",
    }
  }
  return undefined
}

const quotaExceeded: Meaning = {
  code: 'QUOTA_EXCEEDED',
  expected: "the account's requests to stay within AWS's rate limits",
  hint: 'no action if this is temporary; otherwise request a higher quota',
  retryable: true,
}

interface Authorization {
  /** ARN of the role that pulls. */
  readonly role: string
  readonly service: 'ecr' | 'ecr-public'
}

/** Of GetAuthorizationToken. `{"__type":"…#AccessDeniedException","message":"…"}`. */
export function authorizationRefusal(
  status: number,
  body: unknown,
  { role, service }: Authorization,
): Refusal | undefined {
  const object = asObject(body)
  const type = asText(object?.['__type'])
  if (type === undefined) return undefined
  const code = type.slice(type.lastIndexOf('#') + 1)
  const responseText = asText(object?.['message']) ?? asText(object?.['Message']) ?? ''
  return { ...authorizationMeaning(code, responseText, status, { role, service }), message: `${code}: ${responseText}` }
}

function authorizationMeaning(
  code: string,
  message: string,
  status: number,
  { role, service }: Authorization,
): Meaning {
  if (throttled.test(code) || status === 429) return quotaExceeded
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', retryable: true }
  if (code.startsWith('AccessDenied')) {
    const actions =
      service === 'ecr' ? 'ecr:GetAuthorizationToken' : 'ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken'
    const denied = [...message.matchAll(/not authorized to perform: ([a-z-]{1,40}:[A-Za-z]{1,80})/g)][0]?.[1]
    return {
      code: 'IMPERSONATION_DENIED',
      expected: `a policy of ${role} to allow ${denied ?? actions} on *, and no session policy, permissions boundary or service control policy to exclude it`,
      hint: 'pullpass trust apply -f FILE adds the policy; a change takes up to a minute to take effect; compare',
      command: `aws iam list-role-policies --role-name ${shellQuote(parseRole(role).name)}`,
    }
  }
  if (
    /^(?:UnrecognizedClient|InvalidClientTokenId|ExpiredToken|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature)/.test(
      code,
    )
  ) {
    return (
      clockMeaning(code, message) ?? {
        code: 'EXCHANGE_REFUSED',
        expected: 'AWS to accept the session that its token service has just issued',
        hint: 'check that both endpoints are of one partition and region, and that no proxy changes the request',
      }
    )
  }
  return {
    code: 'EXCHANGE_REFUSED',
    hint:
      service === 'ecr'
        ? "check that the endpoint is AWS's, and that aws.region is that of the registry"
        : "check that the endpoint is AWS's",
  }
}
