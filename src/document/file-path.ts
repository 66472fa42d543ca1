/** The path of a file, as a document names it. */
import { isAbsolute, join } from 'node:path'
import type { TextRule } from './text-rule.ts'

export const filePath: TextRule = {
  pattern: /^\P{Cc}+$/u,
  maxLength: 4096,
  expected: 'the path of a file',
}

/** As kubeconfig does it: a relative path starts at the folder of the file that names it. */
export function pathFrom(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}
