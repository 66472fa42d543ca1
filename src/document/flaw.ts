/** What is wrong at one field of a value that came from a file, before it is known where in the file that is. */
import { showValue } from './show-value.ts'

export type FieldPath = readonly (string | number)[]

/** What is said of a field that is not there. */
export const isMissing = 'is missing'

export interface Flaw {
  readonly path: FieldPath
  /** Predicate of the field: `is "Reg"`, `is missing`, `names two providers: aws, gcp`. */
  readonly says: string
  readonly expected: string
  /** The field's name is wrong, not its value. */
  readonly at?: 'key'
}

/** `spec.registries[0].hosts[1]`; of the whole value: `the document`. */
export function renderPath(path: FieldPath): string {
  return path.length === 0 ? 'the document' : path.map(renderStep).join('').replace(/^\./, '')
}

function renderStep(step: string | number): string {
  return typeof step === 'string' && isPlain(step) ? `.${step}` : `[${showValue(step)}]`
}

const isPlain = (name: string) => /^[\w-]{1,40}$/.test(name) && showValue(name) === `"${name}"`
