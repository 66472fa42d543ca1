/**
 * Which tokens pullpass may ask for. One for the API server's own audience would act as that account: a request without
 * an audience means just that, and is shown with it to a policy.
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
        message: 'pullpass may ask for tokens of one audience only',
      },
      {
        expression: celAny(accounts),
        message:
          'pullpass may ask only for tokens of the accounts of its documents, for the audiences of their registries',
      },
      {
        expression: `object.spec.expirationSeconds <= ${longest}`,
        message: `pullpass may ask only for tokens that live at most ${longest} s`,
      },
    ],
  }
}
