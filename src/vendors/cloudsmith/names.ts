/** Slugs of Cloudsmith, by which its API names organizations, service accounts and repositories. https://docs.cloudsmith.com/api */
import type { TextRule } from '../../document/field-rules.ts'
import { repositoryList } from '../trust/names.ts'

const slugForm = '[a-z0-9](?:[a-z0-9_-]{0,98}[a-z0-9])?'

export const slugOf = (owner: string): TextRule => ({
  pattern: new RegExp(`^${slugForm}$`),
  maxLength: 100,
  expected: `the slug of ${owner}: lower-case letters, digits, "-" and "_"`,
})

const fullName = `${slugForm}/${slugForm}`

/** The format of --repository: one, or several separated by commas. */
export const repositories: TextRule = repositoryList(
  { expected: 'ORGANIZATION/REPOSITORY' },
  new RegExp(`^${fullName}(?:, ?${fullName})*$`),
)

/** The organization, and the repository in it, of one that is valid according to the rule above. */
export function parseRepository(name: string): { readonly organization: string; readonly repository: string } {
  const [organization = '', repository = ''] = name.split('/')
  return { organization, repository }
}

/** Slugs in responses, which are used in paths and printed commands; ids of providers have the same form. */
export const isSlug = (text: string): boolean => /^[A-Za-z0-9_-]{1,100}$/.test(text)
