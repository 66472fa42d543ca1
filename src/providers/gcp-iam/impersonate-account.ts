/**
 * The token of a service account for who may impersonate it, as gcloud's file describes it. Google's library has a class for
 * it, which prints a warning to the process's stderr.
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
import { asList, asText, type JsonObject } from '../../outside/json-fields.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { Redacted } from '../../outside/redacted.ts'
import { AnswerUnread, send } from '../../outside/send.ts'
import { textField } from '../text-field.ts'
import type { GrantedToken } from './granted-token.ts'
import type { IamCaller, IamOutside } from './iam-caller.ts'
import { iamRefusal } from './iam-refusal.ts'

const known = /^https:\/\/iamcredentials\.[a-z0-9.-]+\/v1\/projects\/-\/serviceAccounts\/[^/?#]+:generateAccessToken$/
const scopes = ['https://www.googleapis.com/auth/cloud-platform']

export async function impersonateAccount(
  json: JsonObject,
  source: GrantedToken,
  { outside, caller }: { outside: IamOutside; caller: IamCaller },
): Promise<GrantedToken> {
  const url = asText(json['service_account_impersonation_url']) ?? ''
  if (!known.test(url)) throw strangeUrl(caller)
  return await send(outside, {
    hop: caller.hop,
    who: 'Google',
    url,
    bearer: source.value,
    json: { scope: scopes, lifetime: '3600s', delegates: asList(json['delegates']) },
    refusal: (status, body) => iamRefusal(status, body, caller),
    read: ({ body }) => {
      const expiresAt = new Date(textField(body, 'expireTime'))
      if (Number.isNaN(expiresAt.getTime())) throw new AnswerUnread('its expireTime is no date')
      return { value: new Redacted(textField(body, 'accessToken')), expiresAt }
    },
  })
}

const strangeUrl = ({ hop }: IamCaller) =>
  new PullpassError({
    code: 'CREDENTIAL_FILE_INVALID',
    hop,
    seen: "the operator's credentials name a service_account_impersonation_url that is not Google's",
    expected: 'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken',
    hint: 'gcloud auth application-default login --impersonate-service-account=EMAIL',
  })
