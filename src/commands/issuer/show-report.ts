/** The result of issuer show: tables, and a document for programs. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Detection } from '../../issuer-change/cluster-traits.ts'
import { distributions } from '../../issuer-change/distributions.ts'
import type { IssuerPlan, PlanStep } from '../../issuer-change/plan.ts'
import type { ClusterPlan } from '../../issuer-change/plan-for-cluster.ts'
import type { IssuerKey } from '../../oidc/keys.ts'
import { safeKeySentence, wholeSeconds } from '../../publish/safe-to-sign.ts'
import { type IssuerSurvey, isVerifiable } from '../../publish/survey.ts'
import { renderTable } from '../../terminal/table.ts'
import { plainLine, plainText } from '../../text/plain-text.ts'
import { rfc3339 } from '../../text/time.ts'
import { instant, overall } from '../command-line/output.ts'
import type { IssuerChangeStep, IssuerShowResult, ServedKey } from '../output/issuer.ts'
import { keyItem, kindOfKey, renderVerdicts, vendorItems } from './check-report.ts'

/** `found`: the plan, or the reason why there is none. */
export function renderShow(
  survey: IssuerSurvey,
  found: ClusterPlan | string | undefined,
  color: 'always' | 'never',
): string {
  const clusterPlan = typeof found === 'string' ? undefined : found
  const { issuer, served, seenSince, mode, verdicts } = survey
  const rows = [
    ['issuer', issuer],
    ['jwks_uri', served?.jwksUri ?? 'none: the API server serves documents only for an https issuer'],
    ['mode', `${modes[mode.mode]}: ${mode.why}`],
    ['fresh token', tokenText(survey)],
    ...revokedRows(survey),
    ...(clusterPlan === undefined ? [] : [['distribution', distributionText(clusterPlan.detection)]]),
    ...(clusterPlan?.change.to.endsWith('/')
      ? [
          [
            'note',
            'the trailing slash is part of the issuer, in tokens and in trust: an issuer without it is less error-prone',
          ],
        ]
      : []),
  ]
  const keys = (served?.keys ?? []).map((key) => [
    key.keyId ?? '(no kid)',
    kindOfKey(key),
    key.algorithm ?? '(none)',
    ...(seenSince.size > 0 ? [firstSeen(seenSince.get(key.keyId ?? ''))] : []),
  ])
  const header = ['KEY', 'KIND', 'ALGORITHM', ...(seenSince.size > 0 ? ['FIRST SEEN'] : [])]
  return [
    renderTable({ rows }, color),
    ...(keys.length > 0 ? [renderTable({ header, rows: keys }, color)] : []),
    ...safeToSignLines(survey),
    renderVerdicts(verdicts, color),
    ...(typeof found === 'string' ? [found] : []),
    ...(clusterPlan === undefined
      ? []
      : [clusterPlan.plan === undefined ? distributionChoices(clusterPlan.detection) : renderPlan(clusterPlan.plan)]),
  ].join('\n\n')
}

const firstSeen = (at: Date | undefined) => (at === undefined ? 'just now' : rfc3339(at))

function tokenText({ token, signature, issuer }: IssuerSurvey): string {
  if (typeof token === 'string') return `not requested: ${token}`
  const key = `key ${token.keyId ?? '(it names none)'}`
  const elsewhere = token.issuer === issuer ? '' : `; its issuer is ${token.issuer}: API servers differ`
  if (signature === undefined) return `signed by ${key}${elsewhere}`
  const sentence = {
    verified: `verifies with ${key}, which the cluster serves`,
    wrong: `does not verify with the ${key} that the cluster serves`,
    'unknown-key': `is signed by ${key}, which the cluster does not serve: see --service-account-key-file`,
    unsupported: `is signed with ${token.algorithm ?? 'an algorithm that it does not name'}, which cannot be verified here`,
  }[signature]
  return `${sentence}${elsewhere}`
}

function distributionText({ names, by }: Detection): string {
  const titles = names.map((name) => distributions.get(name)?.title ?? name)
  return `${titles.length === 0 ? 'unknown' : titles.join(' or ')}, by ${by}`
}

/** Keys that verifiers do not know yet. */
function safeToSignLines({ safeToSign, token, at: now }: IssuerSurvey): string[] {
  const lines = safeToSign.flatMap(({ keyId, at }) => {
    const signs = typeof token !== 'string' && token.keyId === keyId
    if (at === 'not public') return signs ? [] : [`not safe to sign with ${keyId}: it is not public`]
    return safeKeySentence({ keyId, at, signs }, now) ?? []
  })
  return lines.length === 0 ? [] : [lines.map(plainLine).join('\n')]
}

const distributionChoices = ({ names }: Detection) =>
  [
    'The steps to another issuer depend on the distribution. Name it, with --distribution NAME, one of:',
    ...(names.length === 0 ? [...distributions.keys()] : names).map((name) => `  ${name}`),
  ].join('\n')

function revokedRows({ revoked, token }: IssuerSurvey): string[][] {
  if (revoked.length === 0) return []
  const signs = typeof token !== 'string' && revoked.some(({ keyId }) => keyId === token.keyId)
  const kids = revoked.map(({ keyId }) => keyId ?? '(no kid)').join(', ')
  const why = signs
    ? 'and signs: no cloud accepts its tokens until every API server has another signing key'
    : 'and is never published again'
  return [['revoked', `${kids}, ${why}`]]
}

// The result for programs

export function showResult(survey: IssuerSurvey, clusterPlan: ClusterPlan | string | undefined): IssuerShowResult {
  const { issuer, served, token, signature, mode, verdicts } = survey
  return {
    kind: 'IssuerShowResult',
    result: overall(isVerifiable(survey) ? 0 : 1),
    issuer,
    ...(served && { jwksUri: served.jwksUri }),
    mode: modes[mode.mode],
    modeReason: mode.why,
    keys: (served?.keys ?? []).map((key) => servedKey(key, survey)),
    ...(typeof token === 'string' ? { tokenUnavailable: token } : { token: tokenItem(token, signature) }),
    ...vendorItems(verdicts),
    ...changeItem(clusterPlan),
  }
}

const modes = { publish: 'publish', 'verify only': 'verify-only', external: 'external' } as const

function servedKey(key: IssuerKey, { seenSince, safeToSign, revoked }: IssuerSurvey): ServedKey {
  const firstSeenAt = seenSince.get(key.keyId ?? '')
  const safeAt = safeToSign.find(({ keyId }) => keyId === key.keyId)?.at
  return {
    ...keyItem(key),
    ...(firstSeenAt && { firstSeenAt: instant(firstSeenAt) }),
    ...(safeAt instanceof Date && { safeToSignAt: wholeSeconds(safeAt) }),
    revoked: revoked.includes(key),
  }
}

const tokenItem = (
  { issuer, keyId, algorithm }: SubjectToken,
  signature: IssuerSurvey['signature'],
): NonNullable<IssuerShowResult['token']> => ({
  issuer,
  ...(keyId !== undefined && { kid: keyId }),
  ...(algorithm !== undefined && { algorithm }),
  ...(signature !== undefined && { signature }),
})

function changeItem(
  clusterPlan: ClusterPlan | string | undefined,
): Pick<IssuerShowResult, 'distribution' | 'change' | 'planUnavailable'> {
  if (clusterPlan === undefined) return {}
  if (typeof clusterPlan === 'string') return { planUnavailable: clusterPlan }
  const { change, detection, plan } = clusterPlan
  return {
    distribution: { names: detection.names, detectedBy: detection.by },
    change: {
      fromIssuer: (plan?.change ?? change).from,
      toIssuer: (plan?.change ?? change).to,
      ...(plan && { steps: plan.steps.map(stepItem), notes: plan.notes }),
    },
  }
}

const stepItem = ({ description, set, run = [], notes = [] }: PlanStep): IssuerChangeStep => ({
  description,
  ...(set && { setting: { location: set.where, text: set.text } }),
  commands: run,
  notes,
})

/** The steps to another issuer, numbered, with what each sets and runs, to be pasted. */
export function renderPlan({ change, steps, notes }: IssuerPlan): string {
  const lines = [
    `From ${change.from} to ${change.to}:`,
    ...steps.flatMap((step, at) => ['', ...renderStep(step, at + 1)]),
    ...(notes.length > 0 ? ['', ...notes.map((one) => `note: ${one}`)] : []),
  ]
  return plainText(lines.join('\n'))
}

export function renderStep({ description, set, run = [], notes = [] }: PlanStep, number: number): string[] {
  const lines = [
    ...(set === undefined ? [] : [`in ${set.where}:`, ...set.text.split('\n').map((line) => `  ${line}`)]),
    ...run.map((command) => `$ ${command}`),
    ...notes.map((one) => `note: ${one}`),
  ]
  return [`${number}. ${description}`, ...lines.map((line) => `   ${line}`)]
}
