/** The result of issuer check: tables, and a document for programs. */
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
  const rows = verdicts.map(({ title, level, findings }): Cell[] => [title, verdictOf(level, findings)])
  const said = renderFindings(verdicts)
  return [renderTable({ header: ['CLOUD', 'VERDICT'], rows }, color), ...(said === '' ? [] : [said])].join('\n\n')
}

function verdictOf(level: IssuerVerdict['level'], findings: readonly IssuerFinding[]): Cell {
  if (level === 'ok') return { text: 'can use it', tone: 'good' }
  const count = (of: IssuerFinding['level']) => {
    const number = findings.filter((finding) => finding.level === of).length
    return number === 0 ? [] : [`${number} ${of}${number === 1 ? '' : 's'}`]
  }
  const counts = [...count('problem'), ...count('warning')].join(', ')
  return level === 'problem' ? { text: `cannot use it: ${counts}`, tone: 'bad' } : `can use it, with ${counts}`
}

function renderFindings(verdicts: readonly IssuerVerdict[]): string {
  const all = verdicts.flatMap(({ title, findings }) => findings.map((finding) => ({ ...finding, title })))
  const groups = Map.groupBy(all, ({ level, word, message, fix }) => [level, word, message, fix].join('\0'))
  const sorted = [...groups.values()].toSorted(([one], [other]) => rank(one?.level) - rank(other?.level))
  return sorted.map((group) => renderFinding(group, verdicts.length)).join('\n')
}

const rank = (level: IssuerFinding['level'] | undefined) => (level === 'problem' ? 0 : 1)

function renderFinding(group: readonly (IssuerFinding & Pick<IssuerVerdict, 'title'>)[], total: number): string {
  const [finding] = group
  if (finding === undefined) return ''
  const who = group.length === total && total > 1 ? 'all' : group.map(({ title }) => title).join(', ')
  return [`${finding.level}: ${finding.word} (${who}): ${finding.message}`, `  fix: ${finding.fix}`]
    .map(plainLine)
    .join('\n')
}

// The result for programs

export const checkResult = (
  { issuer, found, keys = [] }: PublicFacts,
  verdicts: readonly IssuerVerdict[],
): IssuerCheckResult => ({
  kind: 'IssuerCheckResult',
  result: overall(verdicts.some(({ level }) => level === 'problem') ? 1 : 0),
  issuer,
  ...(found?.jwks && { jwksUri: found.jwks.url }),
  keys: keys.map(keyItem),
  ...vendorItems(verdicts),
})

export const vendorItems = (
  verdicts: readonly IssuerVerdict[],
): { readonly vendors: readonly IssuerVendor[]; readonly findings: readonly VendorFinding[] } => ({
  vendors: verdicts.map(({ vendor, level }) => ({ vendor, result: level === 'problem' ? 'failed' : level })),
  findings: verdicts.flatMap(({ vendor, findings }) =>
    findings.map(({ level, word, message, fix }) => ({
      vendor,
      result: level === 'problem' ? 'failed' : level,
      code: word,
      seen: message,
      fix,
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
