/** Whether one pass, as a CronJob makes it too, can honour all that a document asks for. */
import type { Document } from '../document/document.ts'
import { PullpassError } from '../outside/pullpass-error.ts'

/** Fields that only a controller can honour, with the one value that a single pass satisfies, and why. */
const controllerFields = [
  ['stuckPods', 'Ignore', 'one pass cannot wait for stuck pods'],
  ['deletionPolicy', 'Retain', 'one pass cannot observe that a document is deleted'],
] as const

/** @throws DOCUMENT_INVALID */
export function checkOnePass(document: Document): void {
  for (const [field, only, reason] of controllerFields) {
    const value = document[field]
    if (value === only) continue
    throw new PullpassError({
      code: 'DOCUMENT_INVALID',
      hop: 'document',
      seen: `${document.source}: spec.${field} is ${value} in ${document.kind} ${document.name}`,
      expected: `${only}: ${value} needs a controller, which this version does not have; ${reason}`,
      hint: `remove ${field}: ${value}`,
    })
  }
}
