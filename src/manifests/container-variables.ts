/** The drop-in form as the CronJob's own environment. */
import { dropInVariables } from '../document/document-from-environment.ts'
import type { Environment } from '../outside/outside.ts'

const names = [...Object.keys(dropInVariables), 'REGISTRY_HOSTS']

export interface ContainerVariable {
  readonly name: string
  readonly value: string
}

/** Those that are set. */
export const containerVariables = (environment: Environment): ContainerVariable[] =>
  names.flatMap((name) => {
    const value = environment[name]?.trim()
    return value ? [{ name, value }] : []
  })
