/** A cluster's issuer, for people and for programs. */
import type { Detection } from '../../issuer/change/detect-distribution.ts'
import { distributions } from '../../issuer/change/distributions/distributions.ts'
import type { IssuerChange } from '../../issuer/change/issuer-change.ts'
import type { IssuerPlan } from '../../issuer/change/plan-issuer-change.ts'
import { renderTable } from '../../terminal/render-table.ts'
import { kindOfKey } from './kind-of-key.ts'
import { renderVerdicts, reportVerdicts } from './render-check.ts'
import { renderPlan } from './render-plan.ts'
import type { IssuerSurvey } from './survey-issuer.ts'

export interface WayToIssuer {
  readonly change: IssuerChange
  readonly detection: Detection
  /** Undefined where it is not clear which distribution it is. */
  readonly plan: IssuerPlan | undefined
}

export function renderShow(survey: IssuerSurvey, way: WayToIssuer | undefined, color: 'always' | 'never'): string {
  const { issuer, served, seenSince, mode, verdicts } = survey
  const rows = [
    ['issuer', issuer],
    ['jwks_uri', served?.jwksUri ?? 'none: the API server serves documents for an https issuer alone'],
    ['mode', `${mode.mode}: ${mode.why}`],
    ['fresh token', tellToken(survey)],
    ...(way === undefined ? [] : [['distribution', tellDistribution(way.detection)]]),
  ]
  const keys = (served?.keys ?? []).map((key) => [
    key.keyId ?? '(no kid)',
    kindOfKey(key),
    key.algorithm ?? '(none)',
    ...(seenSince.size > 0 ? [seenSince.get(key.keyId ?? '')?.toISOString() ?? 'just now'] : []),
  ])
  const header = ['KEY', 'KIND', 'ALGORITHM', ...(seenSince.size > 0 ? ['SEEN SINCE'] : [])]
  return [
    renderTable({ rows }, color),
    ...(keys.length > 0 ? [renderTable({ header, rows: keys }, color)] : []),
    renderVerdicts(verdicts, color),
    ...(way?.plan === undefined ? [] : [renderPlan(way.plan)]),
  ].join('\n\n')
}

function tellToken({ token, signature, issuer }: IssuerSurvey): string {
  if (typeof token === 'string') return `not requested: ${token}`
  const key = `key ${token.keyId ?? '(it names none)'}`
  const elsewhere = token.issuer === issuer ? '' : `; its issuer is ${token.issuer}: API servers differ`
  if (signature === undefined) return `signed by ${key}${elsewhere}`
  const says = {
    verified: `verifies with ${key}, which the cluster serves`,
    wrong: `does not verify with the ${key} that the cluster serves`,
    'unknown-key': `is signed by ${key}, which the cluster does not serve: see --service-account-key-file`,
    unsupported: `is signed with ${token.algorithm ?? 'an algorithm that it does not name'}, which cannot be verified here`,
  }[signature]
  return `${says}${elsewhere}`
}

function tellDistribution({ names, by }: Detection): string {
  const titles = names.map((name) => distributions.get(name)?.title ?? name)
  if (titles.length === 1) return `${titles[0]}, by ${by}`
  const choice = (names.length === 0 ? [...distributions.keys()] : names).join(', ')
  return `${titles.length === 0 ? 'unknown' : titles.join(' or ')}, by ${by}; the steps need its name: --distribution NAME, one of ${choice}`
}

export function reportShow(survey: IssuerSurvey, way: WayToIssuer | undefined): object {
  const { issuer, served, seenSince, token, signature, mode, verdicts } = survey
  return {
    issuer,
    jwksUri: served?.jwksUri,
    mode: mode.mode,
    why: mode.why,
    keys: (served?.keys ?? []).map((key) => ({
      kid: key.keyId,
      kind: kindOfKey(key),
      algorithm: key.algorithm,
      seenSince: seenSince.get(key.keyId ?? ''),
    })),
    token:
      typeof token === 'string'
        ? { refused: token }
        : { issuer: token.issuer, keyId: token.keyId, algorithm: token.algorithm, signature },
    ...reportVerdicts(verdicts),
    ...(way === undefined
      ? {}
      : { distribution: { names: way.detection.names, by: way.detection.by }, plan: way.plan ?? way.change }),
  }
}
