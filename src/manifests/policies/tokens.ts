/**
 * Restricts the tokens that pullpass requests. A token for the API server's audience would act as that account; a request without an
 * audience has that audience, also in admission.
 */
import { requestedAccount } from '../../document/document.ts'
import { type BoundRegistry, longestLifeSeconds, tokenRequestsOf } from '../projected-tokens.ts'
import { type AdmissionPolicy, celAny, celList, celText } from './admission-policy.ts'

export function tokensPolicy(registries: readonly BoundRegistry[]): AdmissionPolicy {
  const longest = longestLifeSeconds(
    registries.filter(({ document, registry }) => requestedAccount(document, registry) !== undefined),
  )
  const accounts = tokenRequestsOf(registries).map(
    ({ account: { namespace, name }, audiences }) =>
      `request.namespace == ${celText(namespace)} && request.name == ${celText(name)} && object.spec.audiences[0] in ${celList(audiences)}`,
  )
  return {
    about: 'tokens',
    operations: ['CREATE'],
    resource: 'serviceaccounts/token',
    rules: [
      {
        expression: 'size(object.spec.audiences) == 1',
        message: 'pullpass may request only tokens with one audience',
      },
      {
        expression: celAny(accounts),
        message:
          'pullpass may request only tokens of the accounts of its documents, for the audiences of their registries',
      },
      {
        expression: `object.spec.expirationSeconds <= ${longest}`,
        message: `pullpass may request only tokens with a lifetime of at most ${longest} s`,
      },
    ],
  }
}
