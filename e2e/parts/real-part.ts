/**
 * A real component for the tests of a file: started once, shared by the tests, closed after the last one, its log printed
 * if one of them failed. If the part cannot start, the file reports that and is skipped, or fails with
 * PULLPASS_REAL_PARTS=required.
 */
import { after, afterEach, suite, test } from 'node:test'
import { AbsentPart } from '../../tools/real-parts/run-installer.ts'

export interface RealPart {
  /** The end of the output of its processes. */
  logs(): string
  close(): Promise<void>
}

/** A part that is not available, of which tests are skipped. Other errors, and all with PULLPASS_REAL_PARTS=required, are thrown. */
export function absentPart(fault: unknown): AbsentPart {
  if (!(fault instanceof AbsentPart) || process.env['PULLPASS_REAL_PARTS'] === 'required') throw fault
  return fault
}

/** Starts the part, then calls `defineTests`. `start` rejects with AbsentPart if the part is not available. */
export async function withRealPart<Part extends RealPart>(
  name: string,
  start: () => Promise<Part>,
  defineTests: (part: Part) => void,
): Promise<void> {
  const part = await start().catch(absentPart)
  if (part instanceof AbsentPart) return reportSkipped(name, part.message)

  // Its own suite: hooks at file level would run as soon as the tests defined so far have finished, while another part starts.
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
  console.error(`SKIPPED, ${name} is not available: ${reason}`)
  test(name, { skip: reason }, () => {})
}
