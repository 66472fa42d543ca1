/** Error responses of Azure Resource Manager and Microsoft Graph, which share one form. https://learn.microsoft.com/graph/errors */
import type { SandboxResponse } from '../serve/handler.ts'

export const azureError = (status: number, code: string, message: string): SandboxResponse => ({
  status,
  body: { error: { code, message } },
})

export const unauthenticated: SandboxResponse = azureError(
  401,
  'InvalidAuthenticationToken',
  'Access token has expired or is not yet valid.',
)

/** The text fields of a JSON body. */
export function readJson(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body.toString()))
  } catch {
    return {}
  }
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
export const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
