/**
 * What a registry says of a refusal: `{"errors": [{"code", "message"}]}`; token endpoints say it in OAuth's form, or not at all.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes
 */
import { asList, asObject, asText, jsonOrNone } from '../outside/json-fields.ts'
import type { HttpAnswer } from '../outside/transport.ts'

export interface RegistryWords {
  /** `MANIFEST_UNKNOWN`, `DENIED`, …, as the specification spells them. */
  readonly codes: readonly string[]
  /** Not yet quoted: from outside. */
  readonly message: string | undefined
}

export function registryWords({ body }: Pick<HttpAnswer, 'body'>): RegistryWords {
  const answer = asObject(jsonOrNone(body))
  const errors = asList(answer?.['errors']).map((error) => asObject(error) ?? {})
  const codes = errors.flatMap((error) => asText(error['code']) ?? [])
  const [first] = errors
  const details = asText(answer?.['details']) ?? asText(answer?.['error_description']) ?? asText(answer?.['error'])
  const spoken = [asText(first?.['code']), asText(first?.['message'])].filter((text) => text !== undefined)
  return { codes, message: spoken.length > 0 ? spoken.join(': ') : details }
}
