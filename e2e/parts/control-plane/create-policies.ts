/** Creates the admission policies and bindings of a file as the cluster's admin. */
import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { requestAsAdmin } from './request-as-admin.ts'

export async function createPolicies(plane: Parameters<typeof requestAsAdmin>[0], file: string): Promise<void> {
  for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
    const body: { kind: string } = document.toJS()
    const kinds = body.kind.replace(/y$/, 'ies').replace(/g$/, 'gs').toLowerCase()
    await requestAsAdmin(plane, { method: 'POST', path: `/apis/admissionregistration.k8s.io/v1/${kinds}`, body })
  }
}
