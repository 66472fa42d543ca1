/** Formats of Yandex Cloud resource ids and names in a document. https://yandex.cloud/docs/container-registry/concepts/repository */
import type { TextRule } from '../../document/field-rules.ts'
import { repositoryList } from '../trust/names.ts'

/** Yandex Cloud chooses ids; its API limits them to 50 characters. */
const id = '[a-z][a-z0-9]{9,49}'

export const serviceAccountId: TextRule = {
  pattern: new RegExp(`^${id}$`),
  maxLength: 50,
  expected: 'the id of a service account: lower-case letters and digits, such as ajeexample0123456789',
}

const repository = `${id}(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*`

/** A registry, or one repository in it: a repository is the path of an image. */
export const registryOrRepository: TextRule = {
  pattern: new RegExp(`^${repository}$`),
  maxLength: 300,
  expected: 'REGISTRY_ID, or REGISTRY_ID/NAME for one of its repositories, such as crpexample0123456789/team/app',
  knownMistake: (text) => {
    const [, path] = /^(?:https:\/\/)?cr\.yandex\/([a-z0-9._/-]+)$/.exec(text) ?? []
    return path === undefined ? undefined : `it without the host: ${path}`
  },
}

/** Several, separated by commas: the format of --repository. */
export const registriesAndRepositories: TextRule = repositoryList(
  registryOrRepository,
  new RegExp(`^${repository}(?:, ?${repository})*$`),
)

/** The registry of one that is valid according to the rules above. */
export const registryOf = (name: string): string => name.split('/', 1)[0] ?? ''

export const kindOf = (name: string): 'registry' | 'repository' =>
  registryOf(name) === name ? 'registry' : 'repository'

/** Ids and names in responses, which are used in paths and printed commands. */
export const isId = (text: string): boolean => /^[a-z0-9][a-z0-9._-]{0,49}$/.test(text)
