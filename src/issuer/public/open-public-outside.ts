/** The outside as strangers meet it: whom everybody trusts, and what names stand for. */
import { httpsTransport } from '../../outside/https-transport.ts'
import { lookUpAddresses } from '../../outside/look-up-addresses.ts'
import type { Outside } from '../../outside/outside.ts'
import type { PublicOutside } from './public-outside.ts'

export const openPublicOutside = (outside: Outside): PublicOutside => ({
  ...outside,
  publicTransport: httpsTransport(outside.environment, undefined, 'public'),
  lookUp: lookUpAddresses,
})
