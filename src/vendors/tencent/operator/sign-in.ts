/**
 * The operator's key at Tencent Cloud: of the variables of its command-line tool and its Terraform provider, or of the profile of the
 * tool on the operator's machine. https://www.tencentcloud.com/document/product/1013/33464
 */
import { showValue } from '../../../document/show-value.ts'
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import { readRegularFile, systemErrorCode, whyUnreadable } from '../../../host/read-file.ts'
import type { Context, Environment } from '../../../http/context.ts'
import { asObject, asText, jsonOrNone } from '../../../text/json-fields.ts'
import { Redacted } from '../../../text/redacted.ts'
import { showPath } from '../../../text/show.ts'
import { checkNamedTogether, configuringTrust, credentialsMissing, type NamedTogether } from '../../operator.ts'
import type { TencentCredentials } from '../sign.ts'

const [id, key] = ['TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY']
/** Of the command-line tool, and of the Terraform provider. */
const tokens = ['TENCENTCLOUD_TOKEN', 'TENCENTCLOUD_SECURITY_TOKEN']
const role = 'TENCENTCLOUD_ROLE_ARN'

const together: readonly NamedTogether[] = [
  { variable: id, needs: [key] },
  { variable: key, needs: [id] },
  ...tokens.map((variable) => ({ variable, needs: [id] })),
]

const hint = `set ${id} and ${key}, with ${tokens[0]} for a temporary key; or sign in: tccli auth login`

/** No other identity is used instead of the one that is named. @throws TRUST_CREDENTIALS_MISSING */
export async function operatorKey({
  environment,
  now,
  secrets,
}: Pick<Context, 'environment' | 'now' | 'secrets'>): Promise<TencentCredentials> {
  checkNamedTogether(environment, together, hint, configuringTrust)
  if (environment[role]) throw roleNamed(`${role} is ${showValue(environment[role])}`)
  const found = environment[id] ? keyOfVariables(environment) : await keyOfProfile(environment, now())
  const { secretId, secretKey, token } = found
  const credentials = {
    secretId,
    secretKey: new Redacted(secretKey),
    ...(token && { token: new Redacted(token) }),
  }
  secrets.add(credentials.secretKey, credentials.token)
  return credentials
}

interface Key {
  readonly secretId: string
  readonly secretKey: string
  readonly token: string | undefined
}

function keyOfVariables(environment: Environment): Key {
  const set = new Set(tokens.flatMap((name) => environment[name] || []))
  const [token] = set
  if (set.size < 2) return { secretId: environment[id] ?? '', secretKey: environment[key] ?? '', token }
  throw missing(`${tokens.join(' and ')} are different`, 'one temporary key', 'unset one of them')
}

const longestFile = 64 * 1024

/** As `tccli configure` and `tccli auth login` write it. */
async function keyOfProfile(environment: Environment, now: Date): Promise<Key> {
  const profile = environment['TCCLI_PROFILE'] || 'default'
  const home = environment['HOME'] || environment['USERPROFILE']
  if (!home || !/^[\w.@+-]+$/.test(profile)) throw noKey()
  const path = `${home}/.tccli/${profile}.credential`
  const text = await readRegularFile(path, longestFile).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT' && !environment['TCCLI_PROFILE']) throw noKey()
    throw missing(`${showPath(path)} ${whyUnreadable(error)}`, 'the credentials of the profile', signIn)
  })
  const found = asObject(jsonOrNone(text.toString()))
  const [secretId, secretKey, token] = ['secretId', 'secretKey', 'token'].map((name) => asText(found?.[name]))
  if (found?.['role-arn']) throw roleNamed(`${showPath(path)} names a role`)
  if (!secretId || !secretKey)
    throw missing(`${showPath(path)} contains no secretId and secretKey`, 'a key of the profile', signIn)
  const expiresAt = Number(found?.['expiresAt'] ?? Number.POSITIVE_INFINITY)
  if (expiresAt * 1000 <= now.getTime())
    throw missing(`the key in ${showPath(path)} has expired`, 'a valid key', signIn)
  return { secretId, secretKey, token }
}

const signIn = { hint: 'sign in', command: 'tccli auth login' }

const missing = (seen: string, expected: string, fix: Parameters<typeof credentialsMissing>[2]): PullpassError =>
  credentialsMissing(seen, `${expected}; no other identity is used instead`, fix, configuringTrust)

const noKey = () =>
  missing(
    `${id} is not set, and ~/.tccli/default.credential does not exist`,
    'a key of the operator, or a temporary key with its token',
    hint,
  )

const roleNamed = (seen: string) =>
  missing(
    `${seen}: pullpass does not assume a role for the operator`,
    'the temporary key of the role',
    `assume it with tccli sts AssumeRole, and set ${id}, ${key} and ${tokens[0]}`,
  )
