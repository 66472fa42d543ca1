/** What is wanted, from wherever it is said: files, standard input, or the environment. */
import type { Environment } from '../outside/outside.ts'
import type { Document } from './document.ts'
import { documentFromEnvironment } from './document-from-environment.ts'

export interface DocumentOutside {
  readonly environment: Environment
  /** All of standard input, bounded; called for the file `-`. */
  readonly readInput: () => Promise<string>
}

/**
 * The documents of `files` (a file, a folder, or `-` for standard input), in their order;
 * without files the one that the environment describes. Never empty.
 * @throws USAGE_INVALID, VARIABLE_INVALID, DOCUMENT_UNREADABLE, DOCUMENT_INVALID, CREDENTIAL_FILE_INVALID
 */
export async function loadDocuments(files: readonly string[], outside: DocumentOutside): Promise<Document[]> {
  if (files.length === 0) return [documentFromEnvironment(outside.environment)]
  // The schema and its library are loaded only for who has files.
  const { readDocuments } = await import('./read-documents.ts')
  return readDocuments(files, outside.readInput)
}
