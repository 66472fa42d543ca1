/** The form of IAM's actions, and what several of them share. */
import type { IssuerConnection } from '../../issuer/published-keys.ts'
import { AwsRefusal, type QueryAction, type QueryCall, type QueryResult } from '../query-api.ts'
import { type Account, type Role, roleArn } from './account.ts'

export interface IamNeeds {
  readonly account: Account
  readonly now: () => Date
  readonly issuers: IssuerConnection
}

export interface IamAction {
  /** ARN of the resource on which the caller needs the permission. */
  readonly resource: (call: QueryCall) => string
  readonly run: QueryAction
}

export function findRole({ field }: QueryCall, { roles }: Account): Role {
  const found = roles.get(field('RoleName'))
  if (found !== undefined) return found
  throw noSuchEntity(`The role with name ${field('RoleName')} cannot be found.`)
}

export function changeRole(call: QueryCall, account: Account, changes: (found: Role) => Partial<Role>): QueryResult {
  const found = findRole(call, account)
  account.roles.set(found.name, { ...found, ...changes(found) })
  return {}
}

export function roleResource({ field, fields }: QueryCall, { roles }: Account): string {
  const name = field('RoleName')
  return roleArn({ name, path: fields.get('Path') ?? roles.get(name)?.path ?? '/' })
}

export function tagsIn({ fields }: QueryCall): Record<string, string> {
  const tags: Record<string, string> = {}
  for (let at = 1; fields.has(`Tags.member.${at}.Key`); at++)
    tags[fields.get(`Tags.member.${at}.Key`) ?? ''] = fields.get(`Tags.member.${at}.Value`) ?? ''
  return tags
}

/** Absent where there are none. */
export function tagList(tags: Readonly<Record<string, string>>): QueryResult {
  const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  return list.length === 0 ? {} : { Tags: list }
}

export const noSuchEntity = (message: string): AwsRefusal => new AwsRefusal('NoSuchEntity', message, 404)
export const entityExists = (message: string): AwsRefusal => new AwsRefusal('EntityAlreadyExists', message, 409)
export const malformedPolicy = (message: string): AwsRefusal => new AwsRefusal('MalformedPolicyDocument', message)
