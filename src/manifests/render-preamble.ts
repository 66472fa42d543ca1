/** Comments before the objects, for what these cannot say themselves: whom the cloud must trust, and what was assumed. */
import type { Document } from '../document/document.ts'
import { requestedAccount } from '../document/requested-account.ts'
import { type Place, type PodSettings, refreshAccount, userName } from './manifest.ts'

interface Printed {
  readonly documents: readonly Document[]
  /** What to grant the Pod that publishes. */
  readonly grants: readonly string[]
  readonly place: Place
  readonly settings: Pick<PodSettings, 'authorities' | 'networkPolicy'>
}

/** Lines of YAML, the last one ended. */
export function renderPreamble({ documents, grants, place, settings }: Printed): string {
  const subjects = documents.flatMap((document) =>
    document.registries.map((registry) => userName(requestedAccount(document, registry) ?? refreshAccount(place))),
  )
  const lines = [
    'Printed by pullpass manifests: print it again when a document changes.',
    'Bind at the cloud, as the subject of the tokens that are exchanged:',
    ...[...new Set(subjects)].map((subject) => `  ${subject}`),
    ...(grants.length === 0 ? [] : ['Let the Pod publish a new key before a token of it is exchanged:']),
    ...grants.map((grant) => `  ${grant}`),
    ...networkLines(settings),
    ...authorityLines(settings, place),
  ]
  return lines.map((line) => `# ${line}\n`).join('')
}

function networkLines({ networkPolicy }: Printed['settings']): string[] {
  if (networkPolicy === 'absent') return []
  return [
    `The NetworkPolicy allows API servers at port ${networkPolicy.apiServerPorts.join(', ')}. Yours (otherwise: --api-server-port):`,
    '  kubectl get endpointslices -n default -l kubernetes.io/service-name=kubernetes',
  ]
}

function authorityLines({ authorities }: Printed['settings'], { namespace }: Place): string[] {
  if (authorities === undefined || 'text' in authorities) return []
  return [
    `Whoever may write ConfigMap ${namespace}/${authorities.configMap} decides which servers receive tokens: no policy protects it.`,
  ]
}
