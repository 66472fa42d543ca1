/** Whether one pass, as a CronJob makes it too, can do all that a document asks for. */
import type { Document } from '../document/document.ts'
import { PullpassError } from '../outside/pullpass-error.ts'

/** @throws DOCUMENT_INVALID */
export function checkOnePass({ stuckPods, source, kind, name }: Document): void {
  if (stuckPods === 'Ignore') return
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${source}: spec.stuckPods is ${stuckPods} in ${kind} ${name}`,
    expected: "Ignore: watching for stuck pods is the controller's, refresh makes one pass",
    hint: `take stuckPods: ${stuckPods} out of it`,
  })
}
