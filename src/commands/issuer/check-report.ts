/** The result of issuer check: tables, and a document for programs. */
import { fixOf } from '../../errors/pullpass-error.ts'
import type { IssuerVerdict } from '../../oidc/evaluate/evaluate.ts'
import type { IssuerFinding } from '../../oidc/evaluate/finding.ts'
import type { IssuerKey } from '../../oidc/keys.ts'
import type { PublicFacts } from '../../oidc/public/public-facts.ts'
import { type Cell, renderTable } from '../../terminal/table.ts'
import { plainLine } from '../../text/plain-text.ts'
import { overall } from '../command-line/output.ts'
import type { IssuerCheckResult, IssuerVendor, Key, VendorFinding } from '../output/issuer.ts'

export function renderCheck(facts: PublicFacts, verdicts: readonly IssuerVerdict[], color: 'always' | 'never'): string {
  const { issuer, found, keys = [] } = facts
  const rows = [['issuer', issuer], ...(found?.jwks === undefined ? [] : [['keys at', found.jwks.url]])]
  const header = ['KEY', 'KIND', 'ALGORITHM']
  const keyRows = keys.map((key) => [key.keyId ?? '(no kid)', kindOfKey(key), key.algorithm ?? '(none)'])
  return [
    renderTable({ rows }, color),
    ...(keys.length > 0 ? [renderTable({ header, rows: keyRows }, color)] : []),
    renderVerdicts(verdicts, color),
  ].join('\n\n')
}

/** The result for each cloud, then each finding once, with its clouds. */
export function renderVerdicts(verdicts: readonly IssuerVerdict[], color: 'always' | 'never'): string {
  const rows = verdicts.map(({ title, result, findings }): Cell[] => [
    title,
    result === 'warning' ? result : { text: result, tone: result === 'ok' ? 'good' : 'bad' },
    countFindings(findings),
  ])
  const found = renderFindings(verdicts)
  const table = renderTable({ header: ['VENDOR', 'RESULT', 'FINDINGS'], rows }, color)
  return [table, ...(found === '' ? [] : [found])].join('\n\n')
}

/** `1 failed, 2 warnings`. */
function countFindings(findings: readonly IssuerFinding[]): string {
  const [failed, warnings] = (['failed', 'warning'] as const).map(
    (result) => findings.filter((finding) => finding.result === result).length,
  )
  const warned = warnings === 1 ? '1 warning' : `${warnings} warnings`
  return [failed ? `${failed} failed` : [], warnings ? warned : []].flat().join(', ')
}

function renderFindings(verdicts: readonly IssuerVerdict[]): string {
  const all = verdicts.flatMap(({ title, findings }) => findings.map((finding) => ({ ...finding, title })))
  const groups = Map.groupBy(all, ({ result, code, seen, fix, command }) =>
    [result, code, seen, fix, command].join('\0'),
  )
  const sorted = [...groups.values()].toSorted(([one], [other]) => rank(one?.result) - rank(other?.result))
  return sorted.map((group) => renderFinding(group, verdicts.length)).join('\n')
}

const rank = (result: IssuerFinding['result'] | undefined) => (result === 'failed' ? 0 : 1)

function renderFinding(group: readonly (IssuerFinding & Pick<IssuerVerdict, 'title'>)[], total: number): string {
  const [finding] = group
  if (finding === undefined) return ''
  const who = group.length === total && total > 1 ? 'all' : group.map(({ title }) => title).join(', ')
  const fix = fixOf({ hint: finding.fix, command: finding.command })
  return [`${finding.result}: ${finding.code} (${who}): ${finding.seen}`, `  fix: ${fix}`].map(plainLine).join('\n')
}

// The result for programs

export const checkResult = (
  { issuer, found, keys = [] }: PublicFacts,
  verdicts: readonly IssuerVerdict[],
): IssuerCheckResult => ({
  kind: 'IssuerCheckResult',
  result: overall(verdicts.some(({ result }) => result === 'failed') ? 1 : 0),
  issuer,
  ...(found?.jwks && { jwksUri: found.jwks.url }),
  keys: keys.map(keyItem),
  ...vendorItems(verdicts),
})

export const vendorItems = (
  verdicts: readonly IssuerVerdict[],
): { readonly vendors: readonly IssuerVendor[]; readonly findings: readonly VendorFinding[] } => ({
  vendors: verdicts.map(({ vendor, result }) => ({ vendor, result })),
  findings: verdicts.flatMap(({ vendor, findings }) =>
    findings.map(({ result, code, seen, fix, command }) => ({
      vendor,
      result,
      code,
      seen,
      ...(fix !== undefined && { fix }),
      ...(command !== undefined && { command }),
    })),
  ),
})

export const keyItem = ({ keyId, type, bits, curve, algorithm }: IssuerKey): Key => ({
  ...(keyId !== undefined && { kid: keyId }),
  type,
  ...(bits !== undefined && { bits }),
  ...(curve !== undefined && { curve }),
  ...(algorithm !== undefined && { algorithm }),
})

/** `RSA 2048`, `EC P-256`. */
export const kindOfKey = ({ type, bits, curve }: IssuerKey): string => [type, bits ?? curve].filter(Boolean).join(' ')
