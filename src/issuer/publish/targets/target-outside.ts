/** What of the outside a target may use. */
import type { Outside } from '../../../outside/outside.ts'

export type TargetOutside = Pick<
  Outside,
  'transport' | 'now' | 'random' | 'sleep' | 'signal' | 'environment' | 'log' | 'secrets'
>
