/** Hop `stored-credential`: the registry accepts the credential in the Secret. Kubelets pull with it, not with a fresh one. */
import { parseDockerConfig } from '../../../credential/docker-config.ts'
import type { Code } from '../../../errors/codes.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { matchImage } from '../../../registry/match-credentials.ts'
import type { PullAttempt, PullContext } from '../../../registry/pull.ts'
import { Redacted } from '../../../text/redacted.ts'
import { pullsSource, tryInTurn } from '../../facts/exchanges.ts'
import { knownNamespaces, namespacesSource, type SecretFacts } from '../../facts/namespaces.ts'
import { imagesSource } from '../../facts/pods.ts'
import { dependencyFailed, type HopFinding } from '../../finding.ts'
import { defineHop, defineSource, type Hop, type Source } from '../../hop.ts'
import type { PrintedCommands } from '../../printed-commands.ts'
import type { Image } from '../../request.ts'
import { explainByWrites, isUsable } from './secret.ts'

interface StoredFacts {
  readonly secret: SecretFacts
  readonly image: Image
  readonly attempt: PullAttempt
}

/** Of the Secrets in the namespace of `--namespace` or `--pod`. A fresh credential is tried first: `pulls`. */
const storedSource: Source<readonly StoredFacts[]> = defineSource({
  needs: { namespaces: namespacesSource, images: imagesSource, pulls: pullsSource },
  step: { hops: ['stored-credential'], of: 'the registry' },
  otherwise: [],
  async gather({ namespaces, images }, { request, context }) {
    const secrets = request.namespace === undefined ? [] : (knownNamespaces(namespaces)?.secrets ?? [])
    const { commands, plainHttp } = request
    const attempts = secrets
      .filter((secret) => isUsable(secret, { images, now: context.now(), commands }))
      .flatMap((secret) => images.map((image) => tryStored(secret, image, { ...context, plainHttp })))
    return (await Promise.all(attempts)).flat()
  },
})

export const storedCredentialHop: Hop = defineHop({
  name: 'stored-credential',
  needs: { stored: storedSource },
  after: ['registry', 'write'],
  applies: ({ namespace }) => namespace !== undefined,
  evaluate({ stored }, { found, request: { commands } }) {
    const registry = found.of('registry')
    const findings = stored.map((one) => evaluateStored(one, registry, commands))
    return explainByWrites(findings, found.of('write'))
  },
})

async function tryStored(secret: SecretFacts, image: Image, context: PullContext): Promise<StoredFacts[]> {
  const { content } = secret
  if (content === undefined || content instanceof PullpassError) return []
  const { entries } = parseDockerConfig(content.dockerConfigJson ?? new Redacted('null'))
  const fitting = matchImage([...entries.keys()], image.reference).flatMap((key) => entries.get(key) ?? [])
  const attempt = await tryInTurn(fitting, image, context)
  return attempt === undefined ? [] : [{ secret, image, attempt }]
}

/** `registry`: the findings for a fresh credential. */
function evaluateStored(
  { secret, image, attempt }: StoredFacts,
  registry: readonly HopFinding[],
  commands: PrintedCommands,
): HopFinding {
  const about = `Secret ${secret.namespace}/${secret.document.secretName} for ${image.name}`
  const { namespace, document } = secret
  const base = { hop: 'stored-credential', about, namespace, secret: document.secretName, image: image.name } as const
  const ofImage = registry.filter((one) => one.image === image.name)
  const failure = ofImage.find(({ result }) => result === 'failed')
  switch (attempt.outcome) {
    case 'pulls':
      return { ...base, result: 'ok', code: 'OK', seen: 'its credential pulls it' }
    case 'public':
      return { ...base, result: 'ok', code: 'IMAGE_PUBLIC', seen: 'it can be pulled without a credential' }
    case 'accepted':
    case 'absent':
      return { ...base, result: 'ok', code: 'OK', seen: 'the registry accepts its credential' }
    case 'refused':
      break
    case 'throttled':
    case 'unavailable':
    case 'plain http':
    case 'unclear':
    case 'unreachable': {
      if (failure !== undefined) return dependencyFailed(base.hop, about, failure)
      const words =
        attempt.outcome === 'unreachable'
          ? attempt.fault.seen
          : `${attempt.url} responded with ${attempt.outcome === 'plain http' ? 'plain HTTP' : attempt.words}`
      return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `it could not be tried: ${words}` }
    }
  }
  // A fresh credential is refused the same: it is not this one that is wrong.
  const alike = attempt.status === 403 ? 'REGISTRY_DENIED' : 'REGISTRY_CREDENTIAL_REFUSED'
  if (failure !== undefined && [alike, ...ofAll].includes(failure.code))
    return dependencyFailed(base.hop, about, failure)
  const fresh = ofImage.some(({ result }) => result === 'ok') ? '; a new credential is accepted' : ''
  return {
    ...base,
    result: 'failed',
    code: 'STORED_CREDENTIAL_REFUSED',
    seen: `its credential is refused: the ${attempt.at} ${attempt.url} responded with ${attempt.words}${fresh}`,
    expected: 'a credential that the registry accepts: kubelets use the one in the Secret',
    remedy: commands.refresh(),
  }
}

/** What refuses every credential. */
const ofAll: readonly Code[] = ['AUTHORIZATION_DROPPED', 'API_DISABLED', 'PERIMETER_DENIED']
