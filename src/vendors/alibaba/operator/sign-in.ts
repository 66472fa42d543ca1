/**
 * The operator's access key: the one that environment variables name, or that of a profile of Alibaba Cloud's command-line tool.
 * https://www.alibabacloud.com/help/en/cli/configure-credentials
 */
import { showValue } from '../../../document/show-value.ts'
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import { readRegularFile, systemErrorCode, whyUnreadable } from '../../../host/read-file.ts'
import type { Context, Environment } from '../../../http/context.ts'
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../../../text/json-fields.ts'
import { Redacted } from '../../../text/redacted.ts'
import { showPath } from '../../../text/show.ts'
import { checkNamedTogether, configuringTrust, credentialsMissing, type NamedTogether } from '../../operator.ts'
import type { AlibabaCredentials } from '../sign.ts'

const [key, secret, token] = [
  'ALIBABA_CLOUD_ACCESS_KEY_ID',
  'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
  'ALIBABA_CLOUD_SECURITY_TOKEN',
]
const profileVariable = 'ALIBABA_CLOUD_PROFILE'

const together: readonly NamedTogether[] = [
  { variable: key, needs: [secret] },
  { variable: secret, needs: [key] },
  { variable: token, needs: [key] },
]

const signIn = `set ${key} and ${secret}, with ${token} for a session; or sign in`
const command = 'aliyun configure --mode AK'

/** A profile that is named is the only one that is used. @throws TRUST_CREDENTIALS_MISSING */
export async function operatorCredentials({
  environment,
  secrets,
}: Pick<Context, 'environment' | 'secrets'>): Promise<AlibabaCredentials> {
  const found = environment[profileVariable] ? undefined : credentialsInVariables(environment)
  const used = found ?? (await credentialsInProfile(environment))
  secrets.add(used.accessKeySecret, used.securityToken)
  return used
}

function credentialsInVariables(environment: Environment): AlibabaCredentials | undefined {
  checkNamedTogether(environment, together, signIn, configuringTrust)
  const { [key]: accessKeyId, [secret]: accessKeySecret, [token]: securityToken } = environment
  if (!accessKeyId || !accessKeySecret) return undefined
  return credentials({ accessKeyId, accessKeySecret, securityToken }, 'the environment')
}

interface WrittenKey {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken?: string | undefined
}

/** Printable ASCII without spaces, because the id and the token become headers. */
function credentials({ accessKeyId, accessKeySecret, securityToken }: WrittenKey, place: string): AlibabaCredentials {
  for (const text of [accessKeyId, accessKeySecret, securityToken ?? '']) {
    if (!/^[\x21-\x7e]{0,8192}$/.test(text) || (text === accessKeyId && text.includes(',')))
      throw unusable(`the access key of ${place} contains characters that no access key has`)
  }
  return {
    accessKeyId,
    accessKeySecret: new Redacted(accessKeySecret),
    securityToken: securityToken ? new Redacted(securityToken) : undefined,
  }
}

const longestFile = 256 * 1024

async function credentialsInProfile(environment: Environment): Promise<AlibabaCredentials> {
  const home = environment['HOME'] ?? environment['USERPROFILE'] ?? ''
  const path = `${home}/.aliyun/config.json`
  const text = await readRegularFile(path, longestFile).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') throw noCredentials(environment, path)
    throw unusable(`${showPath(path)} ${whyUnreadable(error)}`)
  })
  const file = asObject(jsonOrNone(text.toString()))
  const name = environment[profileVariable] || asText(file?.['current'])
  const profile = asList(file?.['profiles'])
    .map((one) => asObject(one) ?? {})
    .find((one) => one['name'] === name)
  if (name === undefined || profile === undefined) {
    const from = environment[profileVariable] ? profileVariable : showPath(path)
    throw unusable(
      name === undefined
        ? `${showPath(path)} names no current profile`
        : `${from} names the profile ${showValue(name)}, which ${showPath(path)} does not have`,
    )
  }
  return credentialsOf(profile, `profile ${showValue(name)} of ${showPath(path)}`)
}

/** A profile without a mode has an access key. */
function credentialsOf(profile: JsonObject, place: string): AlibabaCredentials {
  const mode = asText(profile['mode']) || 'AK'
  if (mode !== 'AK' && mode !== 'StsToken') {
    throw unusable(`${place} has the mode ${showValue(mode)}, with which pullpass cannot sign in`, {
      hint: `request a session with this profile, and set ${key}, ${secret} and ${token} from it`,
    })
  }
  const [accessKeyId, accessKeySecret, securityToken] = ['access_key_id', 'access_key_secret', 'sts_token'].map(
    (field) => asText(profile[field]),
  )
  if (!accessKeyId || !accessKeySecret) throw unusable(`${place} has no access key`)
  if (mode === 'AK') return credentials({ accessKeyId, accessKeySecret }, place)
  if (!securityToken) throw unusable(`${place} has the mode StsToken, and no sts_token`)
  return credentials({ accessKeyId, accessKeySecret, securityToken }, place)
}

const expected = 'an access key of the operator, or a session with its token; no other identity is used instead'

const unusable = (
  seen: string,
  fix: { readonly hint: string; readonly command?: string } = { hint: signIn, command },
): PullpassError => credentialsMissing(seen, expected, fix, configuringTrust)

const noCredentials = (environment: Environment, path: string) =>
  unusable(
    environment[profileVariable]
      ? `${profileVariable} is ${showValue(environment[profileVariable])}, and ${showPath(path)} does not exist`
      : `${key} is not set, and ${showPath(path)} does not exist`,
  )
