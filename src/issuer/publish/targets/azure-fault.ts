/** What Azure's storage library threw, in words. Its errors hold request and answer: known fields are taken, no cause is kept. */

import { faultUnder } from '../../../outside/fault-under.ts'
import { asObject, asText } from '../../../outside/json-fields.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { quote } from '../../../outside/quote.ts'
import type { Redacted } from '../../../outside/redacted.ts'
import { azureGrant } from '../write-grant.ts'
import { type StoreRefusal, storeFault } from './store-fault.ts'

/** @see https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes */
export const azureCode = (error: unknown): string | undefined => asText(asObject(error)?.['code'])

export function azureFault(
  error: unknown,
  target: {
    readonly name: string
    readonly account: string
    readonly container: string
    readonly secrets: Iterable<Redacted>
  },
  doing: StoreRefusal['doing'],
): PullpassError {
  const known = faultUnder(error)
  if (known !== undefined) return known
  const status = asObject(error)?.['statusCode']
  if (typeof status !== 'number') return unknownFault(target.name, error)
  return storeFault({
    who: 'Azure',
    target: target.name,
    doing,
    status,
    secrets: target.secrets,
    words: azureCode(error), // its sentence repeats the request's id and time, and on 403 more of the request
    hints: {
      denied: `${azureGrant({ kind: 'azblob', ...target, path: '' }, 'OPERATOR', `RESOURCE_ID_OF/${target.account}`)}; it takes a few minutes`,
      missing: `az storage container create --account-name ${target.account} --name ${target.container} --public-access blob --auth-mode login`,
    },
  })
}

const unknownFault = (name: string, error: unknown) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `Azure's library could not ask for ${name}: ${quote(error instanceof Error ? error.name : 'no reason given')}`,
    expected: 'a request that it can make',
    hint: 'see the variables that lead it elsewhere: PULLPASS_AZURE_BLOB_ENDPOINT',
  })
