/**
 * How a test file gets a part that others wrote: started once, shared by the file's tests, closed after the last, its
 * log shown when one of them failed. Where the part cannot start, the file says so and is skipped, or fails when
 * PULLPASS_REAL_PARTS=required.
 */
import { after, afterEach, suite, test } from 'node:test'
import { AbsentPart } from '../../tools/real-parts/absent-part.ts'

export interface RealPart {
  /** The end of what its processes printed. */
  logs(): string
  close(): Promise<void>
}

/** Starts the part, then lets `defineTests` name the tests that use it. `start` rejects with AbsentPart where it cannot. */
export async function withRealPart<Part extends RealPart>(
  name: string,
  start: () => Promise<Part>,
  defineTests: (part: Part) => void,
): Promise<void> {
  const part = await start().catch((fault: unknown) => {
    if (!(fault instanceof AbsentPart) || process.env['PULLPASS_REAL_PARTS'] === 'required') throw fault
    return fault
  })
  if (part instanceof AbsentPart) return reportSkipped(name, part.message)

  // A suite of its own: hooks of the file itself run when its tests are done so far, and of a part that starts meanwhile too.
  suite(`with ${name}`, () => {
    let failed = false
    afterEach((context) => {
      failed ||= 'passed' in context && !context.passed
    })
    after(async () => {
      if (failed) console.error(part.logs())
      await part.close()
    })
    defineTests(part)
  })
}

function reportSkipped(name: string, reason: string): void {
  console.error(`SKIPPED, for want of ${name}: ${reason}`)
  test(name, { skip: reason }, () => {})
}
