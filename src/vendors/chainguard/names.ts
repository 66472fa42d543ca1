/**
 * Formats of Chainguard's ids and names. A UIDP is a path of ids: an organization, its folders, and an identity, role binding or
 * repository in one of these. https://github.com/chainguard-dev/sdk/blob/main/uidp/uid.go
 */
import type { TextRule } from '../../document/field-rules.ts'
import { repositoryList } from '../trust/names.ts'

export const identity: TextRule = {
  pattern: /^[a-z0-9]+(?:\/[a-z0-9]+)+$/,
  maxLength: 255,
  expected: 'the UIDP of an identity: ORGANIZATION/IDENTITY, as chainctl iam identities list prints it',
}

/** Ids in responses, which are used in paths and printed commands. */
export const isUidp = (text: string): boolean => /^[a-z0-9]{1,64}(?:\/[a-z0-9]{1,64}){0,12}$/.test(text)

/** The organization or folder of a UIDP; empty for an organization. */
export const parentOf = (uidp: string): string => uidp.split('/').slice(0, -1).join('/')

export const organizationOf = (path: string): string => path.split('/', 1)[0] ?? ''

/** A path component of an image. https://github.com/distribution/reference/blob/main/regexp.go */
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const location = `${component}(?:/${component})*`

/** Where repositories are: in an organization or in one of its folders, as images name it. */
export const repositories: TextRule = {
  pattern: new RegExp(`^${location}$`),
  maxLength: 255,
  expected: 'ORGANIZATION, or ORGANIZATION/FOLDER for one of its folders, such as example.com/team',
  knownMistake: (text) => {
    const [, path] = /^(?:https:\/\/)?cgr\.dev\/([a-z0-9._/-]+)$/.exec(text) ?? []
    return path === undefined ? undefined : `it without the host: ${path}`
  },
}

/** Several, separated by commas: the format of --repository. */
export const severalRepositories: TextRule = repositoryList(
  repositories,
  new RegExp(`^${location}(?:, ?${location})*$`),
)
