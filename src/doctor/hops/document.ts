/** Hop `document`: the documents are valid, and so are the variables that their registries need. */
import type { Document } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Environment } from '../../http/context.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import { failedBy, type HopFinding } from '../finding.ts'
import { defineHop, type Hop } from '../hop.ts'

export const documentHop: Hop = defineHop({
  name: 'document',
  needs: {},
  after: [],
  evaluate: (_, { request: { documents } }) => [
    {
      hop: 'document',
      about: `${documents.length} ${documents.length === 1 ? 'document' : 'documents'}`,
      result: 'ok',
      code: 'OK',
      seen: documents.map(({ kind, name, source }) => `${kind} ${name} (${source})`).join(', '),
    },
    ...documents.flatMap(foreignHosts),
    ...documents.flatMap(needsController),
  ],
})

/** Permitted by the document, and reported so that a review notices it. */
const foreignHosts = ({ name, registries }: Document): HopFinding[] =>
  registries.flatMap((registry) =>
    registry.foreignHosts === undefined
      ? []
      : [
          {
            hop: 'document',
            about: `registry ${registry.name} of ${name}`,
            result: 'ok',
            code: 'OK',
            seen: `hostPolicy Any: the credential is sent to ${registry.foreignHosts.join(', ')}`,
          },
        ],
  )

/** Which of them runs is known to the hop `schedule`, perhaps. */
function needsController({ kind, name, source, stuckPods, deletionPolicy }: Document): HopFinding[] {
  const refusals = [
    ...(stuckPods === 'Ignore'
      ? []
      : [`spec.stuckPods is ${stuckPods}: the controller honours it, pullpass refresh refuses the document`]),
    ...(deletionPolicy === 'Retain'
      ? []
      : [
          `spec.deletionPolicy is ${deletionPolicy}: the controller honours it in a custom resource, and refuses it in a file`,
        ]),
  ]
  const seen = `${source}: ${refusals.join('; ')}`
  return refusals.length === 0 ? [] : [{ hop: 'document', about: `${kind} ${name}`, result: 'ok', code: 'OK', seen }]
}

/** An invalid variable, with which no other hop can be checked. */
export function documentFault(
  exchangeRequests: readonly ExchangeRequest[],
  environment: Environment,
): HopFinding | undefined {
  for (const { checkEnvironment } of exchangeRequests) {
    try {
      checkEnvironment(environment)
    } catch (fault) {
      if (!(fault instanceof PullpassError)) throw fault
      return failedBy('document', 'the environment', fault)
    }
  }
  return undefined
}
