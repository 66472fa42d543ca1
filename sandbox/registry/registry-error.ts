/** Error responses of a registry. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes */
import type { SandboxResponse } from '../serve/handler.ts'

const statuses = {
  UNAUTHORIZED: 401,
  DENIED: 403,
  NAME_UNKNOWN: 404,
  MANIFEST_UNKNOWN: 404,
  BLOB_UNKNOWN: 404,
  UNSUPPORTED: 405,
}

export const registryError = (code: keyof typeof statuses, message: string): SandboxResponse => ({
  status: statuses[code],
  body: { errors: [{ code, message }] },
})
