/** The operator as an IAM member, if the credentials contain it, for commands that grant a role. */
import type { Environment } from '../../../http/context.ts'
import { asText, type JsonObject } from '../../../text/json-fields.ts'
import { shellQuote, shellVariable } from '../../../text/shell.ts'
import type { IamCaller } from './caller.ts'
import { type CredentialFile, findOperatorCredentials } from './operator-credentials.ts'

export interface OperatorMember {
  /** `serviceAccount:…`, `user:…`, as a word for a shell; with a variable for what the credentials do not contain. */
  readonly member: string
  /** The meaning of the variable. */
  readonly unknown: string | undefined
}

/** Without a request. @throws CREDENTIAL_FILE_INVALID */
export async function operatorMember(environment: Environment, caller: IamCaller): Promise<OperatorMember> {
  const found = await findOperatorCredentials(environment, caller)
  if (found.kind === 'metadata') {
    return { member: `serviceAccount:${shellVariable('EMAIL')}`, unknown: 'EMAIL: the service account of this machine' }
  }
  const account = serviceAccountIn(found)
  return account === undefined
    ? memberIn(found)
    : { member: shellQuote(`serviceAccount:${account}`), unknown: undefined }
}

/** https://google.aip.dev/auth/4112, and 4117 for what is impersonated. */
export function serviceAccountIn({ type, json }: CredentialFile): string | undefined {
  if (type === 'service_account') return email(json, 'client_email')
  const url = asText(json['service_account_impersonation_url'])
  return /\/serviceAccounts\/([^/:?#@]+@[^/:?#@]+):generateAccessToken$/.exec(url ?? '')?.[1]
}

function memberIn({ type, json }: CredentialFile): OperatorMember {
  if (type === 'external_account') {
    return { member: shellVariable('PRINCIPAL'), unknown: 'PRINCIPAL: the principal of your credentials in their pool' }
  }
  const account = type === 'authorized_user' ? email(json, 'account') : undefined
  return account === undefined
    ? {
        member: `user:${shellVariable('EMAIL')}`,
        unknown: 'EMAIL: the account of gcloud auth application-default login',
      }
    : { member: shellQuote(`user:${account}`), unknown: undefined }
}

const email = (json: JsonObject, field: string) => {
  const text = asText(json[field])
  return text !== undefined && /^[^\s@]+@[^\s@]+$/.test(text) ? text : undefined
}
