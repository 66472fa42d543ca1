/** Documents from a text, as from standard input; and the one error of what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Document } from '../../src/document/document.ts'
import { type DocumentContext, loadDocuments } from '../../src/document/load-documents.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { smallest } from './smallest-document.ts'

export const context = (input = ''): DocumentContext => ({ environment: {}, readInput: async () => input, vendors })

export const loadText = (input: string): Promise<Document[]> => loadDocuments(['-'], context(input))

export async function refusal(files: readonly string[], input?: string): Promise<PullpassError> {
  const fault: unknown = await loadDocuments(files, context(input)).catch((error: unknown) => error)
  assert.ok(fault instanceof PullpassError, `not refused: ${String(fault)}`)
  return fault
}

export type WrongDocuments = Record<string, [wrong: string | RegExp, by: string, seen: string, expected: string]>

/** One test for each case: the smallest document, changed in one place, is refused in these words. */
export function refusesEach(cases: WrongDocuments): void {
  for (const [title, [wrong, by, seen, expected]] of Object.entries(cases)) {
    test(title, async () => {
      const error = await refusal(
        ['-'],
        smallest.replace(wrong, () => by),
      )
      assert.equal(error.code, 'DOCUMENT_INVALID')
      assert.equal(error.seen, seen)
      assert.equal(error.expected?.split('\n')[0], expected)
    })
  }
}
