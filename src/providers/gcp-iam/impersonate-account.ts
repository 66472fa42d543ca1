/**
 * The token of a service account for who may impersonate it, as gcloud's file describes it. Google's library has a class for
 * it, which prints a warning to the process's stderr.
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
import { asList, asText, type JsonObject } from '../../outside/json-fields.ts'
import { Redacted } from '../../outside/redacted.ts'
import { AnswerUnread, send } from '../../outside/send.ts'
import { textField } from '../text-field.ts'
import type { GrantedToken } from './granted-token.ts'
import type { IamCaller, IamOutside } from './iam-caller.ts'
import { iamRefusal } from './iam-refusal.ts'

const scopes = ['https://www.googleapis.com/auth/cloud-platform']

/** `json` is without flaw: its URL is Google's. */
export async function impersonateAccount(
  json: JsonObject,
  source: GrantedToken,
  { outside, caller }: { outside: IamOutside; caller: IamCaller },
): Promise<GrantedToken> {
  const url = asText(json['service_account_impersonation_url']) ?? ''
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
