/** Whether a registry takes the credential that lies in a namespace, where it may take a fresh one: pure. */
import type { Code } from '../../errors/codes.ts'
import type { Finding } from '../finding.ts'
import type { StoredFacts } from '../gather/gather-stored.ts'
import { notTried } from '../not-tried.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'

/** `before`: all that was found earlier. */
export function judgeStored(
  { secret, image, trial }: StoredFacts,
  before: readonly Finding[],
  commands: MendingCommands,
): Finding {
  const about = `Secret ${secret.namespace}/${secret.document.secretName} for ${image.name}`
  const { namespace, document } = secret
  const base = { hop: 'stored-credential', about, namespace, secret: document.secretName, image: image.name } as const
  const ofImage = before.filter((one) => one.hop === 'registry' && one.image === image.name)
  const failure = ofImage.find(({ result }) => result === 'failed')
  switch (trial.outcome) {
    case 'pulls':
      return { ...base, result: 'ok', code: 'OK', seen: 'its credential pulls it' }
    case 'public':
      return { ...base, result: 'ok', code: 'IMAGE_PUBLIC', seen: 'anybody can pull it: it was not asked for' }
    case 'accepted':
    case 'absent':
      return { ...base, result: 'ok', code: 'OK', seen: 'the registry takes its credential' }
    case 'refused':
      break
    case 'throttled':
    case 'unavailable':
    case 'plain http':
    case 'unclear':
    case 'unreachable': {
      if (failure !== undefined) return notTried(base.hop, about, failure)
      const words =
        trial.outcome === 'unreachable'
          ? trial.fault.seen
          : `${trial.url} answered ${trial.outcome === 'plain http' ? 'in plain HTTP' : trial.words}`
      return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `it could not be tried: ${words}` }
    }
  }
  // A fresh credential is refused the same: it is not this one that is wrong.
  const alike = trial.status === 403 ? 'REGISTRY_DENIED' : 'REGISTRY_CREDENTIAL_REFUSED'
  if (failure !== undefined && [alike, ...ofAll].includes(failure.code)) return notTried(base.hop, about, failure)
  const fresh = ofImage.some(({ result }) => result === 'ok') ? '; a fresh credential is taken' : ''
  return {
    ...base,
    result: 'failed',
    code: 'STORED_CREDENTIAL_REFUSED',
    seen: `what lies in it is refused: the ${trial.at} ${trial.url} answered ${trial.words}${fresh}`,
    expected: 'a credential that the registry takes: kubelets pull with the one that lies there',
    remedy: commands.refresh(),
  }
}

/** What refuses every credential. */
const ofAll: readonly Code[] = ['AUTHORIZATION_DROPPED', 'API_DISABLED', 'PERIMETER_DENIED']
