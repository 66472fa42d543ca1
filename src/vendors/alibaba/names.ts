/**
 * Formats of Alibaba Cloud names in a document. https://www.alibabacloud.com/help/en/ram/developer-reference/api-ims-2019-08-15-createoidcprovider,
 * https://www.alibabacloud.com/help/en/acr/user-guide/ram-authorization-information
 */
import type { TextRule } from '../../document/field-rules.ts'
import { repositoryList } from '../trust/names.ts'

/** Of tokens, unless a document names another one: a client id of the OIDC provider. */
export const usualAudience = 'sts.aliyuncs.com'

/** Of an OIDC provider, in characters. */
export const longestIssuer = 255

export const roleArn: TextRule = {
  pattern: /^acs:ram::[0-9]{1,20}:role\/[A-Za-z0-9._-]{1,64}$/,
  maxLength: 128,
  expected: 'the ARN of a RAM role: acs:ram::ACCOUNT:role/NAME',
}

export const providerArn: TextRule = {
  pattern: /^acs:ram::[0-9]{1,20}:oidc-provider\/[A-Za-z0-9._-]{1,128}$/,
  maxLength: 200,
  expected: 'the ARN of an OIDC provider: acs:ram::ACCOUNT:oidc-provider/NAME',
}

export const region: TextRule = {
  pattern: /^[a-z]{2}-[a-z0-9-]{1,40}$/,
  maxLength: 43,
  expected: 'a region, such as eu-central-1',
}

export const instanceId: TextRule = {
  pattern: /^cri-[a-z0-9]{1,60}$/,
  maxLength: 64,
  expected: 'the id of an instance: cri-…',
}

/** Account and name of a role, a policy or an OIDC provider. */
export function parseArn(arn: string): { readonly account: string; readonly name: string } {
  const [, , , account = '', resource = ''] = arn.split(':')
  return { account, name: resource.slice(resource.indexOf('/') + 1) }
}

export const policyArn = (account: string, name: string): string => `acs:ram::${account}:policy/${name}`

/** An audience, as an OIDC provider lists it. */
export const clientId: TextRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/,
  maxLength: 128,
  expected: 'a client id: letters, digits and "._:/-", beginning with a letter or digit',
}

/** The name of a role and of an OIDC provider: each of several clusters has both under one name. */
export const clusterName: TextRule = {
  pattern: /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$/,
  maxLength: 64,
  expected: 'the name of a role and an OIDC provider: 1 to 64 letters, digits, "." and "-"',
}

const repositoryPath = '[a-z0-9][a-z0-9._-]{0,119}/[a-z0-9*](?:[a-z0-9._/*-]{0,126}[a-z0-9*])?'

/** One repository, or several of a namespace by `*`, as RAM compares resources. */
export const repository: TextRule = {
  pattern: new RegExp(`^${repositoryPath}$`),
  maxLength: 249,
  expected: 'NAMESPACE/NAME, with * in NAME for any characters',
  knownMistake: (text) => {
    const [, path] =
      /^(?:https:\/\/)?[a-z0-9.-]+\.cr\.aliyuncs\.com\/(.+)$/.exec(text) ??
      /^acs:cr:[^:]*:[^:]*:repository\/cri-[a-z0-9]+\/(.+)$/.exec(text) ??
      []
    return path === undefined ? undefined : `its name in the instance: ${path}`
  },
}

/** One, or several separated by commas. */
export const repositories: TextRule = repositoryList(
  repository,
  new RegExp(`^${repositoryPath}(?:, ?${repositoryPath})*$`),
)
