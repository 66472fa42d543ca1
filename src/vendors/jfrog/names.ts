/** Names at JFrog, as documents contain them. https://jfrog.com/help/r/jfrog-platform-administration-documentation/permissions */
import type { TextRule } from '../../document/field-rules.ts'
import { repositoryList } from '../trust/names.ts'

/** The rule of JFrog's Terraform provider: https://github.com/jfrog/terraform-provider-platform, resource_oidc_configuration.go */
export const integrationName: TextRule = {
  pattern: /^[a-z][a-z0-9-]+$/,
  maxLength: 255,
  expected: 'the name of an OIDC integration: lower-case letters, digits and "-", after a letter',
}

export const userName: TextRule = {
  pattern: /^[a-z0-9][a-z0-9._@-]*$/,
  maxLength: 64,
  expected: 'the name of a user: lower-case letters, digits and "._@-"',
}

/** A scope is a list of quoted names, and `*` is every group. */
export const groupName: TextRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  maxLength: 64,
  expected: 'the name of a group: letters, digits and "._-"',
}

const repository = String.raw`[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*`

/** A repository, or the images below a path of it. Not `ANY LOCAL` and the like, which are every repository. */
export const repositoryOrPath: TextRule = {
  pattern: new RegExp(`^${repository}$`),
  maxLength: 300,
  expected: 'KEY, or KEY/PATH for the images below a path, such as docker-local/team-a',
}

export const repositoriesAndPaths: TextRule = repositoryList(
  repositoryOrPath,
  new RegExp(`^${repository}(?:, ?${repository})*$`),
)

/** The key of the repository, and the path in it; undefined: all of it. */
export function parseRepository(name: string): { readonly key: string; readonly path: string | undefined } {
  const at = name.indexOf('/')
  return at === -1 ? { key: name, path: undefined } : { key: name.slice(0, at), path: name.slice(at + 1) }
}
