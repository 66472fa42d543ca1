/** Of a new provider's fields those that are set: the others are as Google has them anyway. */
import type { ProviderFields } from '../look/google-finding.ts'

export const setFields = ({
  issuer,
  mapping,
  audiences,
  condition,
  jwks,
}: ProviderFields): Partial<ProviderFields> => ({
  issuer,
  mapping,
  ...(audiences.length > 0 && { audiences }),
  ...(condition !== '' && { condition }),
  ...(jwks !== '' && { jwks }),
})
