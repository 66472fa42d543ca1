/**
 * Names of robot accounts and repositories. https://github.com/quay/quay: util/validation.py (organizations and robots),
 * util/names.py (repositories, with "/" if the server permits it).
 */
import type { TextRule } from '../../document/field-rules.ts'
import { repositoryList } from '../trust/names.ts'

export const robotName: TextRule = {
  pattern: /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\+[a-z][a-z0-9_-]*[a-z0-9]$/,
  maxLength: 255,
  expected: 'a robot account: ORGANIZATION+ROBOT, or USER+ROBOT',
}

const name = '[a-z0-9][a-z0-9._-]*'
const path = `${name}(?:/${name})+`

export const repositoryName: TextRule = {
  pattern: new RegExp(`^${path}$`),
  maxLength: 512,
  expected: 'ORGANIZATION/NAME, as in the name of an image, such as acme/app',
}

/** Several, separated by commas: the format of --repository. */
export const repositoryNames: TextRule = repositoryList(repositoryName, new RegExp(`^${path}(?:, ?${path})*$`))

export const organizationOf = (robot: string): string => robot.split('+', 1)[0] ?? ''

/** Without the organization. */
export const shortNameOf = (robot: string): string => robot.slice(organizationOf(robot).length + 1)

/** A robot has permissions only in its own organization. */
export const isOfOrganization = (repository: string, robot: string): boolean =>
  repository.startsWith(`${organizationOf(robot)}/`)
