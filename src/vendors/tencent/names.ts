/** Names of Tencent Cloud's resources. https://www.tencentcloud.com/document/product/598/10606 */
import type { TextRule } from '../../document/field-rules.ts'
import { repositoryList, splitRepositories } from '../trust/names.ts'
import { matchesPattern } from '../trust/policy-document.ts'
import { registryHosts } from './hosts.ts'

export const roleArn: TextRule = {
  pattern: /^qcs::cam::uin\/[0-9]{1,20}:roleName\/[A-Za-z0-9._-]{1,128}$/,
  maxLength: 200,
  expected: 'the ARN of a CAM role: qcs::cam::uin/ACCOUNT:roleName/NAME',
}

/** Also of a role. */
export const providerId: TextRule = {
  pattern: /^[A-Za-z0-9_.-]+$/,
  maxLength: 128,
  expected: 'the name of an OIDC provider',
}

export const region: TextRule = {
  pattern: /^[a-z]{2}-[a-z0-9-]{1,40}$/,
  maxLength: 43,
  expected: 'a region, such as eu-frankfurt',
}

export const registryId: TextRule = {
  pattern: /^tcr-[a-z0-9]{1,60}$/,
  maxLength: 64,
  expected: 'the id of an instance: tcr-…',
}

export interface RoleName {
  readonly account: string
  readonly name: string
}

/** Of an ARN that follows its rule. */
export function parseRole(arn: string): RoleName {
  const [, , , , owner = '', resource = ''] = arn.split(':')
  return { account: owner.slice('uin/'.length), name: resource.slice('roleName/'.length) }
}

/** The ARN of the same role of an account, with another name. */
export const roleNamed = (arn: string, name: string): string =>
  `qcs::cam::uin/${parseRole(arn).account}:roleName/${name}`

/** The form that trust policies name. */
export const providerArn = (account: string, name: string): string => `qcs::cam::uin/${account}:oidc-provider/${name}`

// Repositories of an instance: NAMESPACE/NAME, whose name can have several parts, or NAMESPACE/* and NAMESPACE/PART/*.

const repositoryForm = '[a-z0-9._-]{1,100}(?:/[a-z0-9._-]{1,100}){0,7}/(?:\\*|[a-z0-9._-]{1,100})'

export const repository: TextRule = {
  pattern: new RegExp(`^${repositoryForm}$`),
  maxLength: 300,
  expected: 'NAMESPACE/REPOSITORY, or NAMESPACE/* for those below it',
}

/** One, or several separated by commas. */
export const repositories: TextRule = repositoryList(
  repository,
  new RegExp(`^${repositoryForm}(?:, ?${repositoryForm})*$`),
)

/** The repository of an image is its path, or `configured` if one of these contains it. A host of another form is of the configured ones. */
export function repositoryOfImage(
  { host, repository: path }: { readonly host: string; readonly repository: string },
  configured?: string,
): string | undefined {
  if (!registryHosts.accepts(host) && configured === undefined) return undefined
  return splitRepositories(configured ?? '').some((pattern) => matchesPattern(pattern, path)) ? configured : path
}

/** An image in the first of several repositories. */
export function imageInRepository(all: string, image: string): string {
  const [first = ''] = splitRepositories(all)
  return first.endsWith('/*') ? `${first.slice(0, -1)}${image}` : first
}
